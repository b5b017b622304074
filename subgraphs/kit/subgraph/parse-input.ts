import { BadUserInput } from '@inevitable/contract';
import type { z } from 'zod';
import { issueInWords } from './issue-in-words.js';

/**
 * Parses a mutation's `input` with zod. Throws `BadUserInput` whose field is the first offending path, `input.text`, and
 * whose message is the schema's own, or what is wrong in words.
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown, root = 'input'): z.output<Schema> {
  const parsed = schema.safeParse(input, { error: issueInWords });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new BadUserInput(issue.message, [root, ...issue.path].join('.'));
}
