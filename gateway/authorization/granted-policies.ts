import type { RequestContext } from '@inevitable/contract';
import { untilAborted } from '../background/until-aborted.js';
import type { DecidePolicy } from './decide-policies.js';

/** Told of a policy that could not be decided, and was therefore denied. */
export type PolicyFailed = (policy: string, error: unknown) => void;

/**
 * Which of the policies hold for the caller; each is asked once. Only a plain yes is one: no answer, an odd one and a
 * failure deny. Rejects with the signal's reason when the answers come too late for anybody to wait.
 */
export function grantedPolicies(
  policies: readonly string[],
  context: RequestContext,
  decide: DecidePolicy,
  onPolicyFailed: PolicyFailed,
): ReadonlySet<string> | Promise<ReadonlySet<string>> {
  const granted = new Set<string>();
  const waiting: Promise<void>[] = [];
  for (const policy of policies) {
    const note = (answer: unknown): void => {
      if (answer === true) granted.add(policy);
    };
    try {
      const answer = decide(policy, context);
      if (typeof answer !== 'object') note(answer);
      else waiting.push(Promise.resolve(answer).then(note, (error: unknown) => onPolicyFailed(policy, error)));
    } catch (error) {
      onPolicyFailed(policy, error);
    }
  }
  return waiting.length === 0 ? granted : untilAborted(context.signal, () => Promise.all(waiting)).then(() => granted);
}
