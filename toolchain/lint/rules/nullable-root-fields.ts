import { inWords, isNonNull } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';

export const nullableRootFields: LintRule = {
  name: 'nullable-root-fields',
  says: 'The fields of Query, Mutation and Subscription are nullable.',
  reason:
    'One product that is away, or refuses, answers null for its field; a field that cannot be null takes the whole answer with it.',
  severity: 'error',
  *find({ parts }) {
    for (const part of parts)
      if (part.kind === 'field' && part.root !== null && isNonNull(part.node.type))
        yield {
          part,
          message: `${inWords(part)} cannot be null: when it fails, everything that was asked for beside it is lost.`,
          repair: 'Take the `!` at its end away.',
        };
  },
};
