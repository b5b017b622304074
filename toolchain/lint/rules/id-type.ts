import { print } from 'graphql';
import { applied, inWords, isList, namedType, type SchemaPart } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';

export const idType: LintRule = {
  name: 'id-type',
  says: 'A field `id` is `ID!`. What ends in `Id` is an `ID`, and in `Ids` a list of `ID`, also as an argument or in an input.',
  reason: 'Clients cache by id: one that is a number here and text there, or null, is not the same object to them.',
  severity: 'error',
  *find({ parts }) {
    for (const part of parts) {
      const wanted = wantedType(part);
      if (wanted === null) continue;
      yield {
        part,
        message: `${inWords(part)} is called like an id and is not \`${wanted}\`.`,
        repair: `Make it \`${wanted}\`.`,
      };
    }
  },
};

/** Null: it is as it should be, or is no id. */
function wantedType(part: SchemaPart): string | null {
  if (part.kind === 'type' || part.kind === 'enumValue') return null;
  const { name, type } = part.node;
  if (part.kind === 'field' && applied(part, 'external').length > 0) return null;
  if (name.value === 'id' && part.kind === 'field') return print(type) === 'ID!' ? null : 'ID!';
  if (name.value === 'id' || name.value.endsWith('Id')) return namedType(type) === 'ID' && !isList(type) ? null : 'ID';
  if (name.value === 'ids' || name.value.endsWith('Ids'))
    return namedType(type) === 'ID' && isList(type) ? null : '[ID!]';
  return null;
}
