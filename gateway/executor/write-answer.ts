import { AnswerProblems, ProblemAlarm } from './answer-problems.js';
import type { Answer } from './answer.js';
import type { CompiledPlan } from './compile-plan.js';
import { introspect } from './introspect.js';
import type { Fetched } from './run-plan.js';

/** What the client gets of what was fetched. */
export function writeAnswer(
  { writer, client, schema }: CompiledPlan,
  { data, errors, explained, passedThrough }: Fetched,
  variables: Readonly<Record<string, unknown>>,
): Answer {
  if (passedThrough !== null) return { data: passedThrough, passedThrough: true, errors, extensions: null };
  const introspected = (field: Parameters<typeof introspect>[0]): string =>
    introspect(field, schema, client, variables);
  if (!client.mayDeny) {
    const alarm = new ProblemAlarm();
    const text = writer('quick')(data, alarm, introspected);
    if (!alarm.raised) return { data: text, passedThrough: false, errors, extensions: null };
  }
  const problems = new AnswerProblems(explained);
  const text = writer('exact')(data, problems, introspected);
  return { data: text, passedThrough: false, errors: [...errors, ...problems.found], extensions: null };
}
