import { inWords } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';

const VERB = /^(get|list|fetch|find|load|read|query)(?=[A-Z])/;

export const restyFieldNames: LintRule = {
  name: 'resty-field-names',
  says: 'A field of Query is called by what it answers: `note`, not `getNote`; `notes`, not `listNotes`.',
  reason: 'Every field of Query gets something; the verb only takes the name from where people look for it.',
  severity: 'error',
  *find({ parts }) {
    for (const part of parts) {
      if (part.kind !== 'field' || part.root !== 'Query') continue;
      const name = part.node.name.value;
      if (!VERB.test(name)) continue;
      const noun = name.replace(VERB, '');
      yield {
        part,
        message: `${inWords(part)} begins with a verb.`,
        repair: `Call it \`${noun.slice(0, 1).toLowerCase()}${noun.slice(1)}\`.`,
      };
    }
  },
};
