import { AnswerProblems } from './answer-problems.js';
import type { Answer } from './answer.js';
import type { CompiledPlan } from './compile-plan.js';
import { introspect } from './introspect.js';
import type { Fetched } from './run-plan.js';

/** What the client gets of what was fetched. */
export function writeAnswer(
  { writers, client, schema }: CompiledPlan,
  { data, errors, explained, passedThrough }: Fetched,
  variables: Readonly<Record<string, unknown>>,
): Answer {
  if (passedThrough !== null) {
    const { bytes, objects } = passedThrough;
    return { data: bytes, passedThrough: true, objects, errors, extensions: null };
  }
  const introspected = (field: Parameters<typeof introspect>[0]): string =>
    introspect(field, schema, client, variables);
  const writeQuickly = writers.quick();
  if (writeQuickly) {
    const written = { objects: 0 };
    const text = writeQuickly(data, introspected, written);
    if (text !== null) return { data: text, passedThrough: false, objects: written.objects, errors, extensions: null };
  }
  const problems = new AnswerProblems(explained);
  const text = writers.exact()(data, problems, introspected);
  const { found, objects } = problems;
  return { data: text, passedThrough: false, objects, errors: [...errors, ...found], extensions: null };
}
