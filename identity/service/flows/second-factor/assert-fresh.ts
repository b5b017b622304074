import type { SessionId } from '@inevitable/contract';
import type { FlowDeps } from '../flow-deps.js';
import { Refusal } from '../refusals.js';
import { FreshSignInNeeded, isFreshSignIn } from '../sign-in/assert-fresh-sign-in.js';

/** As `assertFreshSignIn`, within `auditRefusals`: the audit has it. */
export async function assertFresh(sessionId: SessionId, deps: Pick<FlowDeps, 'db'>): Promise<void> {
  if (!(await isFreshSignIn(sessionId, deps))) throw new Refusal(new FreshSignInNeeded(), 'the sign-in is not fresh');
}
