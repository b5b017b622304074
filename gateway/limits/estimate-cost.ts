import {
  getNamedType,
  getNullableType,
  isInputObjectType,
  isInputType,
  isListType,
  Kind,
  typeFromAST,
  valueFromASTUntyped,
  visit,
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { ConditionVariables } from '../executor/client-operation.js';
import { operationCosts, slicingNames } from './operation-cost.js';
import { pricesOf, type Prices } from './prices.js';
import type { DeclaredCosts } from './read-costs.js';

/** What one operation costs at most, before it is run: `OperationCost.total`. */
export type EstimateCost = (variables: Readonly<Record<string, unknown>>) => number;

/** The estimate of one operation of a valid document. */
export type EstimatesOf = (document: DocumentNode, operation: EstimatedOperation) => EstimateCost;

export interface EstimatedOperation {
  readonly definition: OperationDefinitionNode;
  readonly name: string | null;
  readonly conditions: ConditionVariables;
}

/** Of one operation, for as many sets of variables that cost differently. Few occur: clients page by one length or two. */
const KEPT = 64;

/**
 * `operationCosts`, for the operations of one snapshot. What was found is kept with each operation: alone where no variable
 * can change it, else by what variables say about lengths, conditions and inputs. An input counts by its shape, so that a
 * hundred texts are one key.
 */
export function costEstimates(schema: GraphQLSchema, declared: DeclaredCosts): EstimatesOf {
  const costs = operationCosts(schema, declared);
  const pricing: Pricing = {
    schema,
    prices: pricesOf(declared),
    arePlacesPriced: [...declared.weights.keys()].some((coordinate) => isInputPlace(coordinate, schema)),
    lengths: slicingNames(declared),
  };
  return (document, operation) => {
    const known = new Map<string, number>();
    let parts: readonly KeyPart[] | null = null;
    return (variables) => {
      const key = keyOf((parts ??= keyParts(document, operation, pricing)), variables);
      let cost = known.get(key);
      if (cost === undefined) {
        cost = costs(document, operation.name, variables).total;
        if (known.size >= KEPT) known.clear();
        known.set(key, cost);
      }
      return cost;
    };
  };
}

/** All that a value of one variable can change about a cost, as text. */
interface KeyPart {
  readonly name: string;
  /** What counts where the client gives nothing. */
  readonly otherwise: unknown;
  says(value: unknown): string;
}

function keyOf(parts: readonly KeyPart[], variables: Readonly<Record<string, unknown>>): string {
  let key = '';
  for (const { name, otherwise, says } of parts) {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    key += `${says(value === undefined ? otherwise : value)} `;
  }
  return key;
}

interface Pricing {
  readonly schema: GraphQLSchema;
  readonly prices: Prices;
  /** An argument or an input field has a price of its own: it matters whether there is a value, whatever it is. */
  readonly arePlacesPriced: boolean;
  /** Names of arguments that may be lengths. */
  readonly lengths: ReadonlySet<string>;
}

function keyParts(
  document: DocumentNode,
  { definition, conditions }: EstimatedOperation,
  { schema, prices, arePlacesPriced, lengths }: Pricing,
): readonly KeyPart[] {
  const deciding = new Set(conditions.map(({ name }) => name));
  const slicing = slicingVariables(document, definition, lengths);
  const parts: KeyPart[] = [];
  for (const { variable, type: typeNode, defaultValue } of definition.variableDefinitions ?? []) {
    const name = variable.name.value;
    const part = { name, otherwise: defaultValue && valueFromASTUntyped(defaultValue) };
    const type = typeFromAST(schema, typeNode);
    if (deciding.has(name)) parts.push({ ...part, says: asCondition });
    if (slicing.has(name)) parts.push({ ...part, says: asLength });
    if (isInputType(type) && (arePlacesPriced || prices.weightOf(getNamedType(type)) > 0))
      parts.push({ ...part, says: arePlacesPriced ? asPlacedInput(type, prices) : asInput(type, prices) });
  }
  return parts;
}

/** Variables that are the value of an argument that any field has for a length. */
function slicingVariables(
  document: DocumentNode,
  { variableDefinitions }: OperationDefinitionNode,
  lengths: ReadonlySet<string>,
): ReadonlySet<string> {
  const slicing = new Set<string>();
  if (lengths.size === 0 || !variableDefinitions?.length) return slicing;
  visit(document, {
    Argument({ name, value }) {
      if (lengths.has(name.value) && value.kind === Kind.VARIABLE) slicing.add(value.name.value);
    },
  });
  return slicing;
}

/** `Type.field(argument:)`, or `Input.field`. */
function isInputPlace(coordinate: string, schema: GraphQLSchema): boolean {
  const [type = '', place] = coordinate.split('.');
  return coordinate.includes('(') || (place !== undefined && isInputObjectType(schema.getType(type)));
}

const asCondition = (value: unknown): string => (value === true ? 't' : value === false ? 'f' : '');
const asLength = (value: unknown): string => (typeof value === 'number' ? `${value}` : '');

const asInput =
  (type: GraphQLInputType, { costOfInput }: Prices) =>
  (value: unknown): string =>
    value === undefined ? '' : `${costOfInput(value, type, undefined)}`;

/** What the place prices is each item, in place of its type. */
const asPlacedInput =
  (type: GraphQLInputType, { costOfInput }: Prices) =>
  (value: unknown): string =>
    value === undefined ? '' : `${itemsIn(value, type)}:${costOfInput(value, type, 0)}`;

/** Counted as `costOfInput` does. */
function itemsIn(value: unknown, type: GraphQLInputType): number {
  const nullable = getNullableType(type);
  return isListType(nullable) && Array.isArray(value)
    ? value.reduce<number>((sum, item) => sum + itemsIn(item, nullable.ofType), 0)
    : 1;
}
