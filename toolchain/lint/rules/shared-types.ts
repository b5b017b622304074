import { SHARED_NAMES } from '@inevitable/kit/host';
import { inWords } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';

export const sharedTypes: LintRule = {
  name: 'shared-types',
  says: `The shared types (${[...SHARED_NAMES].join(', ')}) are used, and not defined again.`,
  reason: 'A copy drifts: the kit adds the one definition to every schema that names it.',
  severity: 'error',
  *find({ parts }) {
    for (const part of parts)
      if (part.kind === 'type' && !part.subgraph.served && SHARED_NAMES.has(part.typeName))
        yield {
          part,
          message: `${inWords(part)} is shared by all products, and this schema defines it again.`,
          repair: 'Leave it out: the kit adds it.',
        };
  },
};
