import {
  getNamedType,
  getNullableType,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  isCompositeType,
  isListType,
  isObjectType,
  Kind,
  valueFromASTUntyped,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsIn, operationIn } from '../executor/client-operation.js';
import { argumentValues, ofField, pricesOf, valuesGiven } from './prices.js';
import type { DeclaredCosts, ListSize } from './read-costs.js';

export interface OperationCost {
  /** At most `Number.MAX_SAFE_INTEGER`, which stands for that and more. */
  readonly total: number;
  /** What each selection at the root costs: a field by its response name, `...Name`, or `... on Type`. */
  readonly parts: readonly { readonly name: string; readonly cost: number }[];
  /** Fields (`Type.field`) whose lists nobody gave a length for: `assumedListSize` was taken. */
  readonly assumed: readonly string[];
}

/** What an operation costs before it is run. The document is valid on the schema; variables are what the client gave. */
export type CostOperation = (
  document: DocumentNode,
  operationName: string | null,
  variables: Readonly<Record<string, unknown>>,
) => OperationCost;

/** The items of a list of which nothing else is known. */
export const ASSUMED_LIST_SIZE = 10;

export const MUTATION_COST = 10;
const MOST = Number.MAX_SAFE_INTEGER;
const atMost = (cost: number): number => (cost < MOST ? cost : MOST);

/** What a selection set costs: `fixed`, and `perItem` for each item of the lists that the field above gives a length to. */
interface Weighed {
  readonly fixed: number;
  readonly perItem: number;
}
const NOTHING: Weighed = { fixed: 0, perItem: 0 };

/**
 * Static cost by `@cost` and `@listSize` (IBM's GraphQL cost directives specification, with the weights of Apollo's demand
 * control): an object is 1, a scalar or enum 0, a mutation 10 more, an input object 1; a list is its item times its length.
 * The length is the largest slicing argument, else `assumedSize`, else `assumedListSize`. A field that returns a Relay
 * connection and takes `first` or `last` needs no `@listSize`: they are the length of its `edges` and `nodes`.
 *
 * Where several types may come, the most expensive one counts. What `@skip` and `@include` leave out, by a literal or by a
 * variable that was given, costs nothing. A field that stands twice counts twice, unless it is in the same fragment, spread
 * twice beside itself: an upper bound, so that the work is linear in the document. A selection set is weighed once for
 * each object type it is asked of, however many fields and fragments lead to it.
 */
export function operationCosts(
  schema: GraphQLSchema,
  declared: DeclaredCosts,
  assumedListSize = ASSUMED_LIST_SIZE,
): CostOperation {
  const { weightOf, weightOfField, costOfInputs } = pricesOf(declared);

  const listSizes = new Map<string, ListSize | null>();
  function listSizeOf(type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): ListSize | null {
    const coordinate = `${type.name}.${field.name}`;
    let found = listSizes.get(coordinate);
    if (found === undefined) {
      found = ofField(declared.listSizes, type, field.name) ?? sizeOfConnection(field);
      listSizes.set(coordinate, found);
    }
    return found;
  }

  return (document, operationName, variables) => {
    const operation = operationIn(document, operationName);
    const fragments = fragmentsIn(document);
    const given = valuesGiven(operation, variables);

    const known = new Map<SelectionSetNode, Map<string, Weighed>>();
    const assumed = new Set<string>();

    /**
     * An object of a type with what is selected in it; `own`: what the field says the object itself costs. `sized`: the
     * fields in it that are as long as the field above says.
     */
    function weigh(
      set: SelectionSetNode | undefined,
      type: GraphQLNamedType,
      own: number | undefined,
      sized: readonly string[],
    ): Weighed {
      if (!set || !isCompositeType(type)) return { fixed: own ?? weightOf(type), perItem: 0 };
      const possible = isAbstractType(type) ? schema.getPossibleTypes(type) : [type];
      if (possible.length === 0) return { fixed: own ?? weightOf(type), perItem: 0 };
      if (possible.length === 1) return weighObject(set, possible[0]!, own, sized);
      const key = `${type.name} ${own ?? ''} ${sized.join(' ')}`;
      const before = known.get(set)?.get(key);
      if (before) return before;
      let [fixed, perItem] = [0, 0];
      for (const one of possible) {
        const weighed = weighObject(set, one, own, sized);
        fixed = Math.max(fixed, weighed.fixed);
        perItem = Math.max(perItem, weighed.perItem);
      }
      return remember(set, key, { fixed, perItem });
    }

    function weighObject(
      set: SelectionSetNode,
      type: GraphQLObjectType,
      own: number | undefined,
      sized: readonly string[],
    ): Weighed {
      const { fixed, perItem } = weighOn(set, type, sized);
      return { fixed: fixed + (own ?? weightOf(type)), perItem };
    }

    function remember(set: SelectionSetNode, key: string, weighed: Weighed): Weighed {
      let ofSet = known.get(set);
      if (!ofSet) known.set(set, (ofSet = new Map()));
      ofSet.set(key, weighed);
      return weighed;
    }

    function weighOn(set: SelectionSetNode, type: GraphQLObjectType, sized: readonly string[]): Weighed {
      const key = `${type.name} ${sized.join(' ')}`;
      const before = known.get(set)?.get(key);
      if (before) return before;
      let [fixed, perItem] = [0, 0];
      const spread = new Set<string>();
      for (const selection of set.selections) {
        if (isLeftOut(selection, given)) continue;
        if (selection.kind === Kind.FRAGMENT_SPREAD) {
          if (spread.has(selection.name.value)) continue;
          spread.add(selection.name.value);
        }
        const weighed =
          selection.kind === Kind.FIELD ? weighField(selection, type, sized) : weighFragment(selection, type, sized);
        fixed = atMost(fixed + weighed.fixed);
        perItem = atMost(perItem + weighed.perItem);
      }
      return remember(set, key, { fixed, perItem });
    }

    function weighFragment(
      selection: Exclude<SelectionNode, FieldNode>,
      type: GraphQLObjectType,
      sized: readonly string[],
    ): Weighed {
      const { typeCondition, selectionSet } =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : fragmentOf(fragments, selection.name.value);
      const condition = typeCondition && schema.getType(typeCondition.name.value);
      const applies =
        !condition || condition === type || (isAbstractType(condition) && schema.isSubType(condition, type));
      return applies ? weighOn(selectionSet, type, sized) : NOTHING;
    }

    function weighField(node: FieldNode, type: GraphQLObjectType, sized: readonly string[]): Weighed {
      const field = type.getFields()[node.name.value];
      if (!field) return NOTHING; // __typename, and introspection: nobody is asked
      const coordinate = `${type.name}.${field.name}`;
      const values = argumentValues(node, given);
      const listSize = listSizeOf(type, field);
      const length = listSize && lengthOf(listSize, field.args, values);
      const named = getNamedType(field.type);
      const own = weightOfField(type, field);
      const inside = weigh(node.selectionSet, named, own, listSize?.sizedFields ?? []);
      if (inside.perItem > 0 && length === null) assumed.add(coordinate);
      let item = atMost(inside.fixed + (length ?? assumedListSize) * inside.perItem);
      const inputs = costOfInputs(type, field, values);

      const depth = listDepth(field.type);
      if (depth === 0) return { fixed: atMost(item + inputs), perItem: 0 };
      const isSized = sized.includes(field.name);
      const ownLength = isSized ? null : length;
      if (item > 0 && (depth > 1 || (!isSized && ownLength === null))) assumed.add(coordinate);
      // Of a list of lists, only the outer one has a length that anybody says.
      item = atMost(item * assumedListSize ** (depth - 1));
      if (isSized) return { fixed: atMost(inputs), perItem: item };
      return { fixed: atMost(inputs + (ownLength ?? assumedListSize) * item), perItem: 0 };
    }

    const root = schema.getRootType(operation.operation);
    if (!root) throw new Error(`The schema has no ${operation.operation}.`);
    const whole = weighOn(operation.selectionSet, root, []).fixed;
    return {
      total: atMost(whole + (operation.operation === 'mutation' ? MUTATION_COST : 0)),
      parts: operation.selectionSet.selections.map((selection) => ({
        name: nameOf(selection),
        cost: weighOn({ kind: Kind.SELECTION_SET, selections: [selection] }, root, []).fixed,
      })),
      assumed: [...assumed].sort(),
    };
  };
}

const RELAY_LENGTHS = ['first', 'last'];

/** Names of arguments whose values are lengths, of whichever field. */
export const slicingNames = ({ listSizes }: DeclaredCosts): ReadonlySet<string> =>
  new Set([...RELAY_LENGTHS, ...[...listSizes.values()].flatMap(({ slicingArguments }) => slicingArguments)]);

/** Relay Cursor Connections: `first` and `last` are the length of what is in the page. */
function sizeOfConnection({ type, args }: GraphQLField<unknown, unknown>): ListSize | null {
  const connection = getNamedType(type);
  const slicingArguments = RELAY_LENGTHS.filter((name) => args.some((argument) => argument.name === name));
  if (!isObjectType(connection) || !connection.name.endsWith('Connection') || slicingArguments.length === 0)
    return null;
  return { assumedSize: null, slicingArguments, sizedFields: ['edges', 'nodes'] };
}

/** Null: nobody says. */
function lengthOf(
  { assumedSize, slicingArguments }: ListSize,
  args: readonly GraphQLArgument[],
  values: ReadonlyMap<string, unknown>,
): number | null {
  const lengths = args
    .filter(({ name }) => slicingArguments.includes(name))
    .map(({ name, defaultValue }) => (values.has(name) ? values.get(name) : defaultValue))
    .filter((value) => typeof value === 'number');
  return lengths.length > 0 ? Math.max(0, ...lengths) : assumedSize;
}

function isLeftOut({ directives = [] }: SelectionNode, variables: Readonly<Record<string, unknown>>): boolean {
  return directives.some(({ name, arguments: args }) => {
    const condition = args?.[0] && valueFromASTUntyped(args[0].value, variables);
    if (name.value === GraphQLSkipDirective.name) return condition === true;
    return name.value === GraphQLIncludeDirective.name && condition === false;
  });
}

function listDepth(type: GraphQLOutputType): number {
  const nullable = getNullableType(type);
  return isListType(nullable) ? 1 + listDepth(nullable.ofType as GraphQLOutputType) : 0;
}

function fragmentOf(fragments: ReadonlyMap<string, FragmentDefinitionNode>, name: string): FragmentDefinitionNode {
  const fragment = fragments.get(name);
  if (!fragment) throw new Error(`The document has no fragment "${name}".`);
  return fragment;
}

function nameOf(selection: SelectionNode): string {
  switch (selection.kind) {
    case Kind.FIELD:
      return (selection.alias ?? selection.name).value;
    case Kind.FRAGMENT_SPREAD:
      return `...${selection.name.value}`;
    case Kind.INLINE_FRAGMENT:
      return selection.typeCondition ? `... on ${selection.typeCondition.name.value}` : '...';
  }
}
