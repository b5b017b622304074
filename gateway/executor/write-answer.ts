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
  if (passedThrough !== null) {
    const { bytes, objects } = passedThrough;
    return { data: bytes, passedThrough: true, objects, errors, extensions: null };
  }
  const introspected = (field: Parameters<typeof introspect>[0]): string =>
    introspect(field, schema, client, variables);
  if (!client.mayDeny) {
    const alarm = new ProblemAlarm();
    const text = writer('quick')(data, alarm, introspected);
    const { raised, objects } = alarm;
    if (!raised) return { data: text, passedThrough: false, objects, errors, extensions: null };
  }
  const problems = new AnswerProblems(explained);
  const text = writer('exact')(data, problems, introspected);
  const { found, objects } = problems;
  return { data: text, passedThrough: false, objects, errors: [...errors, ...found], extensions: null };
}
