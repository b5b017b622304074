import fc from 'fast-check';
import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  isUnionType,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
} from 'graphql';
import { TYPENAME_FIELD, introspections } from './introspections.js';
import { argumentsOf, CONDITIONS } from './arbitrary-input.js';
import type { FieldTree, OperationTree, SelectionTree } from './selection-tree.js';

/** Levels of fields, and of fragments directly within each other. */
const DEEPEST = 5;
const MOST_FRAGMENTS = 2;
/** In one selection set: wider ones near the root, or the planner has more to do than anything that is tested here. */
const mostSelections = (depth: number): number => (depth < 2 ? 3 : 2);

/** Names a gateway asks for on its own account, and names that every object of JavaScript has or may not have. */
const KEYS = ['id', 'email', 'slug', 'name', 'code', 'weight', 'barcode', 'isbn', 'title', 'number', 'country'];
const NASTY = ['constructor', 'toString', 'hasOwnProperty', '__proto__', 'valueOf', 'then', 'length', '_entities'];

/** Any operation on the schema, as a tree: fields, arguments, fragments and conditions in any combination that types. */
export function arbitraryOperation(schema: GraphQLSchema): fc.Arbitrary<OperationTree> {
  const fields = arbitraryFields(schema);
  const some = (type: GraphQLCompositeType) => fields.selectionsOf(type, 0);
  const query = schema.getQueryType()!;
  const other = fc.oneof(
    { withCrossShrink: true },
    { weight: 12, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: some(query) },
  );
  // The last one is what the planner calls its own.
  const variablePrefix = fc.constantFrom(...Array<string>(15).fill('v'), 'constructor', 'representations');
  const operationOf = (kind: 'query' | 'mutation', type: GraphQLCompositeType): fc.Arbitrary<OperationTree> =>
    fc.record({ kind: fc.constant(kind), selections: some(type), variablePrefix, other });
  const mutation = schema.getMutationType();
  return fc.oneof(
    { weight: 8, arbitrary: operationOf('query', query) },
    ...(mutation ? [{ weight: 1, arbitrary: operationOf('mutation', mutation) }] : []),
  );
}

function arbitraryFields(schema: GraphQLSchema) {
  const known = new Map<string, fc.Arbitrary<readonly SelectionTree[]>>();

  function selectionsOf(type: GraphQLCompositeType, depth: number, within = 0): fc.Arbitrary<readonly SelectionTree[]> {
    const key = `${type.name} ${depth} ${within}`;
    let selections = known.get(key);
    if (!selections) {
      selections = fc.array(selectionOf(type, depth, within), { minLength: 1, maxLength: mostSelections(depth) });
      known.set(key, selections);
    }
    return selections;
  }

  function selectionOf(type: GraphQLCompositeType, depth: number, within: number): fc.Arbitrary<SelectionTree> {
    const all = isUnionType(type) ? [] : Object.values(type.getFields());
    const fields = all
      .filter((field) => depth < DEEPEST || !isCompositeType(getNamedType(field.type)))
      .map((field) => fieldOf(type, field, depth));
    const questions = type === schema.getQueryType() ? introspections(schema) : [];
    return fc.oneof(
      { withCrossShrink: true }, // towards what stands first
      { weight: 6, arbitrary: typenameOf(type) },
      ...fields.map((arbitrary) => ({ weight: 6, arbitrary })),
      ...(within < MOST_FRAGMENTS
        ? [{ weight: 2 * fields.length + 8, arbitrary: fragmentOn(type, depth, within) }]
        : []),
      ...questions.map((arbitrary) => ({ weight: 3, arbitrary })),
    );
  }

  function fieldOf(parent: GraphQLCompositeType, field: GraphQLField<unknown, unknown>, depth: number) {
    const type = getNamedType(field.type);
    const siblings = 'getFields' in parent ? Object.keys(parent.getFields()) : [];
    return fc.record<FieldTree>({
      kind: fc.constant('field'),
      parent: fc.constant(parent.name),
      parentIsObject: fc.constant(isObjectType(parent)),
      name: fc.constant(field.name),
      type: fc.constant(field.type),
      alias: aliasAmong(siblings),
      args: argumentsOf(field.args),
      conditions: CONDITIONS,
      selections: isCompositeType(type) ? selectionsOf(type, depth + 1) : fc.constant(null),
    });
  }

  const typenameOf = (parent: GraphQLCompositeType) =>
    fc.record<FieldTree>({
      ...TYPENAME_FIELD,
      parent: fc.constant(parent.name),
      parentIsObject: fc.constant(isObjectType(parent)),
      alias: aliasAmong([]),
      conditions: CONDITIONS,
    });

  function fragmentOn(type: GraphQLCompositeType, depth: number, within: number): fc.Arbitrary<SelectionTree> {
    return fc.oneof(
      ...[type, ...overlapping(type)].map((on) => ({
        weight: isObjectType(on) ? 4 : 1,
        arbitrary: fc.record({
          kind: fc.constant('fragment' as const),
          on: on === type ? fc.constantFrom(null, type.name) : fc.constant(on.name),
          named: fc.boolean(),
          reuse: fc.boolean(),
          conditions: CONDITIONS,
          selections: selectionsOf(on, depth, within + 1),
        }),
      })),
    );
  }

  /** The other types that something of this type may have. */
  function overlapping(type: GraphQLCompositeType): GraphQLCompositeType[] {
    const possible = possibleTypes(type);
    return Object.values(schema.getTypeMap())
      .filter(isCompositeType)
      .filter((other) => other !== type && !other.name.startsWith('__'))
      .filter((other) => possibleTypes(other).some((one) => possible.includes(one)));
  }

  const possibleTypes = (type: GraphQLCompositeType): string[] =>
    isAbstractType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [type.name];

  return { selectionsOf };
}

const aliasAmong = (siblings: readonly string[]): fc.Arbitrary<string | null> =>
  fc.oneof(
    { withCrossShrink: true },
    { weight: 6, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom('a', 'b', ...siblings) },
    { weight: 1, arbitrary: fc.constantFrom(...KEYS, ...NASTY) },
  );
