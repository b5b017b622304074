import fc from 'fast-check';
import { GraphQLNonNull, GraphQLString, type GraphQLSchema } from 'graphql';
import type { FieldTree, SelectionTree } from './selection-tree.js';

const STRING = new GraphQLNonNull(GraphQLString);

/** `__typename`, wherever there is one. */
export const TYPENAME_FIELD = {
  kind: fc.constant('field' as const),
  name: fc.constant('__typename'),
  type: fc.constant(STRING),
  args: fc.constant([]),
  selections: fc.constant(null),
};

const leaf = (parent: string, name: string): FieldTree => ({
  kind: 'field',
  parent,
  parentIsObject: true,
  name,
  type: STRING,
  alias: null,
  args: [],
  conditions: [],
  selections: null,
});
const inner = (parent: string, name: string, ...selections: readonly SelectionTree[]): FieldTree => ({
  ...leaf(parent, name),
  selections,
});

/** Questions about the schema, to be mixed among those about the data. */
export function introspections(schema: GraphQLSchema): fc.Arbitrary<SelectionTree>[] {
  const types = Object.keys(schema.getTypeMap()).filter((name) => !name.startsWith('__'));
  const fields = inner('__Type', 'fields', leaf('__Field', 'name'), inner('__Field', 'type', leaf('__Type', 'name')));
  const type = fc.constantFrom('Nothing', ...types).map((name): SelectionTree => ({
    ...inner('Query', '__type', leaf('__Type', 'kind'), leaf('__Type', 'name'), fields),
    args: [{ name: 'name', type: STRING, input: { as: 'variable', value: { kind: 'plain', plain: name } } }],
  }));
  const whole = fc.constant<SelectionTree>(
    inner('Query', '__schema', inner('__Schema', 'queryType', leaf('__Type', 'name'), leaf('__Type', '__typename'))),
  );
  return [type, whole];
}
