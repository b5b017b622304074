import { print, type InputValueDefinitionNode } from 'graphql';
import { inWords, type FieldPart } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';
import { returnsConnection } from './relay-connections.js';

const WANTED = { first: 'Int', after: 'String' } as const;

export const relayArguments: LintRule = {
  name: 'relay-arguments',
  says: 'A field that returns a connection takes `first: Int` and `after: String`, both optional; backwards `last` and `before`.',
  reason: 'A connection that cannot be paged through is a list with more words.',
  severity: 'error',
  *find({ parts }) {
    for (const part of parts) {
      if (part.kind !== 'field' || !returnsConnection(part)) continue;
      const wrong = wrongArguments(part);
      if (wrong.length === 0) continue;
      yield {
        part,
        message: `${inWords(part)} returns a connection and lacks ${wrong.join(' and ')}.`,
        repair: 'Add them, and say in their descriptions how many there are at most and unless told.',
      };
    }
  },
};

function wrongArguments({ node: { arguments: args = [] } }: FieldPart): readonly string[] {
  const backwards = args.some(({ name }) => name.value === 'last' || name.value === 'before');
  const wanted = { ...WANTED, ...(backwards && { last: 'Int', before: 'String' }) };
  return Object.entries(wanted)
    .filter(([name, type]) => !args.some((argument) => argument.name.value === name && isOptional(argument, type)))
    .map(([name, type]) => `\`${name}: ${type}\``);
}

const isOptional = ({ type }: InputValueDefinitionNode, wanted: string): boolean => print(type) === wanted;
