import { print } from 'graphql';
import { inWords } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';

export const mutationInput: LintRule = {
  name: 'mutation-input',
  says: 'A mutation takes one argument, `input: SomethingInput!`, also for a single id.',
  reason: 'An input type can get another field without breaking anyone, and clients pass one variable.',
  severity: 'error',
  *find({ parts }) {
    for (const part of parts) {
      if (part.kind !== 'field' || part.root !== 'Mutation') continue;
      const { arguments: args = [], name } = part.node;
      const [input, ...others] = args;
      if (input?.name.value === 'input' && others.length === 0 && /^\w+Input!$/.test(print(input.type))) continue;
      const taken = args.map((argument) => `\`${argument.name.value}: ${print(argument.type)}\``).join(', ');
      const wanted = name.value.slice(0, 1).toUpperCase() + name.value.slice(1);
      yield {
        part,
        message: `${inWords(part)} takes ${taken || 'no argument'} in place of one \`input\`.`,
        repair: `Take \`input: ${wanted}Input!\` and nothing else.`,
      };
    }
  },
};
