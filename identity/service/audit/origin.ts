import {
  assertNever,
  NO_CLIENT,
  type ApiKeyId,
  type Caller,
  type RequestClient,
  type RequestContext,
  type SessionId,
  type UserId,
} from '@inevitable/contract';

/** Who did something, as the audit names them. An operator works at the machine, with the stack's own secrets. */
export type Actor =
  | { readonly kind: 'user'; readonly id: UserId }
  | { readonly kind: 'apiKey'; readonly id: ApiKeyId }
  | { readonly kind: 'service'; readonly id: string }
  | { readonly kind: 'operator'; readonly id: null }
  | { readonly kind: 'anonymous'; readonly id: null };

/** Who asked, and from where: what every flow that changes something is given, and the audit keeps. */
export interface Origin {
  readonly actor: Actor;
  readonly sessionId: SessionId | null;
  /** Correlates with the log and the traces. */
  readonly requestId: string | null;
  readonly client: RequestClient;
}

export const originOf = ({ caller, sessionId, requestId, client }: RequestContext): Origin => ({
  actor: actorOf(caller),
  sessionId,
  requestId,
  client,
});

/** Of `stack` commands and of what the stack does to itself. */
export const OPERATOR: Origin = Object.freeze({
  actor: { kind: 'operator', id: null },
  sessionId: null,
  requestId: null,
  client: NO_CLIENT,
} as const);

export function actorOf(caller: Caller): Actor {
  switch (caller.kind) {
    case 'member':
      return { kind: 'user', id: caller.actor ?? caller.userId };
    case 'platformAdmin':
      return { kind: 'user', id: caller.userId };
    case 'apiKey':
      return { kind: 'apiKey', id: caller.keyId };
    case 'service':
      return { kind: 'service', id: caller.service };
    case 'anonymous':
      return { kind: 'anonymous', id: null };
    default:
      return assertNever(caller);
  }
}
