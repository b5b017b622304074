import { assertNever } from './assert-never.js';
import type { ApiKeyId, UserId } from './ids.js';

/** Who asks. A platform administrator is a flag on a user, never a way around row-level security. */
export type Caller =
  | { readonly kind: 'member'; readonly userId: UserId; readonly actor?: UserId }
  | { readonly kind: 'platformAdmin'; readonly userId: UserId }
  | { readonly kind: 'apiKey'; readonly keyId: ApiKeyId }
  | { readonly kind: 'service'; readonly service: string }
  | { readonly kind: 'anonymous' };

/** The person behind the call, or null where there is none (a key, a service, nobody). */
export function userOf(caller: Caller): UserId | null {
  switch (caller.kind) {
    case 'member':
    case 'platformAdmin':
      return caller.userId;
    case 'apiKey':
    case 'service':
    case 'anonymous':
      return null;
    default:
      return assertNever(caller);
  }
}
