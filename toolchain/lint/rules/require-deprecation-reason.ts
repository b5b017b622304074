import { DEFAULT_DEPRECATION_REASON, GraphQLDeprecatedDirective } from 'graphql';
import { inWords, textOf } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';

export const requireDeprecationReason: LintRule = {
  name: 'require-deprecation-reason',
  says: '`@deprecated` says a reason of its own.',
  reason: 'Whoever reads that a field will go needs to know what to ask for in its place.',
  severity: 'error',
  *find({ parts }) {
    for (const part of parts) {
      const deprecated = part.node.directives?.find(({ name }) => name.value === GraphQLDeprecatedDirective.name);
      if (!deprecated) continue;
      const reason = textOf(deprecated, 'reason')?.trim() ?? '';
      if (reason !== '' && reason !== DEFAULT_DEPRECATION_REASON) continue;
      yield {
        part,
        message: `${inWords(part)} is deprecated without a reason.`,
        repair: 'Write `@deprecated(reason: "…")`: what to use in its place, and until when it stays.',
      };
    }
  },
};
