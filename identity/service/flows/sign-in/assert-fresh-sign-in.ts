import { CallerError, type SessionId } from '@inevitable/contract';
import type { FlowDeps } from '../flow-deps.js';
import { Refusal } from '../refusals.js';

/** How old a sign-in may be for what changes how one signs in: long enough for a form, shorter than a forgotten screen. */
const FRESH_SIGN_IN_MINUTES = 10;

/** The person must sign in again first. Clients tell it from other refusals by `reason`. */
class FreshSignInNeeded extends CallerError {
  readonly code = 'FORBIDDEN';
  override readonly details = { reason: 'fresh-sign-in' } as const;
  constructor() {
    super(`This needs a sign-in of the last ${FRESH_SIGN_IN_MINUTES} minutes: sign in again first.`);
  }
}

/**
 * Whoever finds a signed-in screen, or steals a token, must not change how its owner signs in. A refresh makes no session
 * fresh; an operator's token is no sign-in of the person, and a session that was asked to do less is not to change how they
 * sign in. For within `auditRefusals`: refuses with `FreshSignInNeeded`, also without a session or with one that is over.
 */
export async function assertFreshSignIn(sessionId: SessionId | null, { db }: Pick<FlowDeps, 'db'>): Promise<void> {
  const fresh = await db.rows(
    `select from sessions
     where id = $1 and ended_at is null and expires_at > stack_now() and not amr && '{operator}' and scopes is null
       and auth_time > stack_now() - interval '${FRESH_SIGN_IN_MINUTES} minutes'`,
    [sessionId],
  );
  if (fresh.length === 0) throw new Refusal(new FreshSignInNeeded(), 'the sign-in is not fresh');
}
