import { BadUserInput } from '@inevitable/contract';
import type { z } from 'zod';

/** Parses a mutation's `input` with zod. Throws `BadUserInput` whose field is the first offending path, `input.text`. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown, root = 'input'): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new BadUserInput(issue.message, [root, ...issue.path].join('.'));
}
