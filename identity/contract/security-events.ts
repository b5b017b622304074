import type { ErrorCode } from './errors.js';
import type { TenantId } from './ids.js';

/** Why a gateway took no credential. No answer says it: the reader may be the one who made it up. */
export type CredentialFlaw =
  'malformed' | 'unknown-key' | 'not-genuine' | 'expired' | 'revoked' | 'tenant-suspended' | 'refused-by-identity';

type Uncounted = Readonly<Record<never, never>>;

/**
 * What alarms are set on, with what each is counted by; the names stay. Labels have few values, which code gives: no tenant,
 * no person, no address, and nothing that somebody typed.
 */
export interface SecurityEvents {
  'sign-in granted': Uncounted;
  'sign-in refused': Uncounted;
  'sign-in throttled': Uncounted;
  /** The password holds, and a code is asked for. */
  'sign-in challenged': Uncounted;
  'second factor accepted': Uncounted;
  'second factor refused': Uncounted;
  'second factor locked': Uncounted;
  'second factor changed': Uncounted;
  'refresh token replayed': Uncounted;
  'operator token issued': Uncounted;
  'password reset asked': Uncounted;
  'password reset done': Uncounted;
  'password reset refused': Uncounted;
  /** By core-identity, which knows why; a gateway goes on refusing the key for a while without asking. */
  'API key refused': Uncounted;
  /** By a gateway. */
  'credential refused': { readonly credential: 'access-token' | 'api-key'; readonly reason: CredentialFlaw };
  /** A known caller may not do what was asked for. `product`: whose graph said so, or `gateway`. */
  denied: { readonly product: string; readonly code: ErrorCode };
  /** By a gateway, before anything of it was run: too much, too often, no room for it, or nothing that is run here. */
  'operation refused': { readonly code: ErrorCode };
  /** `feature`: one that a product declares, or `other`. */
  'quota refused': { readonly feature: string };
  /** A gateway has not heard of revocations for so long that it believes no credential. */
  'revocations stale': Uncounted;
}

export type SecurityEvent = keyof SecurityEvents;

/** For the line in the log. Ids, and words of the code's own. */
export type SecurityFacts = Readonly<Record<string, unknown>> & { readonly tenantId?: TenantId | null };

/** Told of what happened to security; counts it and writes it down. `isAlarming`: in place of what the event is by itself. */
export type SecurityEventSink = <Event extends SecurityEvent>(
  event: Event,
  facts: SecurityEvents[Event] & SecurityFacts,
  isAlarming?: boolean,
) => void;
