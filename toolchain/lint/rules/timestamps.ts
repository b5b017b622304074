import { inWords, namedType } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';

export const timestamps: LintRule = {
  name: 'timestamps',
  says: 'What ends in `At` is a `DateTime`.',
  reason: 'A moment as text or as a number leaves its time zone and unit to whoever guesses.',
  severity: 'error',
  *find({ parts }) {
    for (const part of parts) {
      if (part.kind === 'type' || part.kind === 'enumValue') continue;
      const { name, type } = part.node;
      if (!/[a-z0-9]At$/.test(name.value) || namedType(type) === 'DateTime') continue;
      yield {
        part,
        message: `${inWords(part)} is called like a moment and is a \`${namedType(type)}\`.`,
        repair: 'Make it a `DateTime`.',
      };
    }
  },
};
