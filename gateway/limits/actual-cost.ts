import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isListType,
  TypeNameMetaFieldDef,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import type { Answer } from '../executor/answer.js';
import type { ClientOperation } from '../executor/client-operation.js';
import { collectFields, fieldOf, type CollectedFields } from '../executor/collect-fields.js';
import { MUTATION_COST } from './operation-cost.js';
import { argumentValues, pricesOf, valuesGiven, type Prices } from './prices.js';
import type { DeclaredCosts } from './read-costs.js';

/** What an answer to one operation costs by what it holds, in the model of `operationCosts`: its lists are as long as they are. */
export type MeasureCost = (answer: Answer, variables: Readonly<Record<string, unknown>>) => number;

export type MeasuresOf = (client: ClientOperation) => MeasureCost;

/**
 * Measures answers to the operations of one snapshot. Where each object costs 1, nothing else has a price, and inputs stand
 * at the root alone, the objects that the answer's writer counted are the cost. Else the answer is read: an object of an
 * abstract type is of the type it says or, where it says none, of the most expensive that has its fields.
 */
export function actualCosts(schema: GraphQLSchema, declared: DeclaredCosts): MeasuresOf {
  const prices = pricesOf(declared);
  return (client) => {
    let meter: CostMeter | null = null;
    return (answer, variables) => (meter ??= new CostMeter(schema, prices, client)).measure(answer, variables);
  };
}

/** What may be selected of one object, for each type that it may be of; the most expensive type first. */
interface Selected {
  readonly types: readonly SelectedOfType[];
}
interface SelectedOfType {
  readonly type: GraphQLObjectType;
  readonly fields: readonly SelectedField[];
  /** The response name of `__typename`; null: it is not asked for. */
  readonly nameKey: string | null;
}
interface SelectedField {
  readonly key: string;
  readonly node: FieldNode;
  readonly parent: GraphQLObjectType;
  readonly field: GraphQLField<unknown, unknown>;
  /** Of each object or value; null: its type says. */
  readonly weight: number | null;
  readonly hasPricedInputs: boolean;
  /** Null: it is a leaf. */
  readonly below: Selected | null;
}

/** Of one operation, with its conditions decided. */
class CostMeter {
  readonly #schema: GraphQLSchema;
  readonly #prices: Prices;
  readonly #client: ClientOperation;
  readonly #known = new Map<string, Selected>();
  readonly #numbers = new Map<SelectionSetNode, number>();
  readonly #root: SelectedOfType;
  readonly #pricedAtRoot: readonly SelectedField[];
  readonly #isCount: boolean;

  constructor(schema: GraphQLSchema, prices: Prices, client: ClientOperation) {
    this.#schema = schema;
    this.#prices = prices;
    this.#client = client;
    const root = schema.getRootType(client.operation.operation);
    if (!root) throw new Error(`The schema has no ${client.operation.operation}.`);
    this.#root = this.#select(root, [client.operation.selectionSet]).types[0]!;
    this.#pricedAtRoot = this.#root.fields.filter(({ hasPricedInputs }) => hasPricedInputs);
    this.#isCount = this.#root.fields.every((field) => this.#isFreeButForObjects(field, new Set()));
  }

  measure({ data, objects, passedThrough }: Answer, variables: Readonly<Record<string, unknown>>): number {
    const { operation } = this.#client;
    const own = operation.operation === 'mutation' ? MUTATION_COST : 0;
    if (this.#isCount && this.#pricedAtRoot.length === 0) return own + objects;
    const given = valuesGiven(operation, variables);
    if (this.#isCount || data === null)
      return this.#pricedAtRoot.reduce((sum, field) => sum + this.#costOfInputs(field, given), own + objects);
    const read = JSON.parse(String(data)) as Record<string, object>;
    return own + this.#costOfFields(passedThrough ? read['data']! : read, this.#root, given);
  }

  /** Made once for each selection and type, however many fields and fragments lead to it. */
  #select(type: GraphQLCompositeType, sets: readonly SelectionSetNode[]): Selected {
    const key = `${type.name}|${sets.map((set) => this.#number(set)).join()}`;
    const before = this.#known.get(key);
    if (before) return before;
    const possible = isAbstractType(type) ? [...this.#schema.getPossibleTypes(type)] : [type];
    const { weightOf } = this.#prices;
    const types = possible
      .sort((one, other) => weightOf(other) - weightOf(one))
      .map((one) => this.#selectOf(one, collectFields(this.#schema, this.#client, one, sets)));
    this.#known.set(key, { types });
    return { types };
  }

  #selectOf(type: GraphQLObjectType, collected: CollectedFields): SelectedOfType {
    let nameKey: string | null = null;
    const fields: SelectedField[] = [];
    for (const [key, nodes] of collected) {
      const node = nodes[0]!;
      if (node.name.value === TypeNameMetaFieldDef.name) nameKey = key;
      if (node.name.value.startsWith('__')) continue; // nobody is asked
      const field = fieldOf(type, node.name.value);
      const named = getNamedType(field.type);
      const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
      fields.push({
        key,
        node,
        parent: type,
        field,
        weight:
          this.#prices.weightOfField(type, field) ?? (isCompositeType(named) ? null : this.#prices.weightOf(named)),
        hasPricedInputs: this.#prices.hasPricedInputs(type, field, node),
        below: isCompositeType(named) ? this.#select(named, sets) : null,
      });
    }
    return { type, fields, nameKey };
  }

  #number(set: SelectionSetNode): number {
    let number = this.#numbers.get(set);
    if (number === undefined) this.#numbers.set(set, (number = this.#numbers.size));
    return number;
  }

  /** True: in the field's value each object costs 1, and nothing else anything. */
  #isFreeButForObjects({ weight, below, field }: SelectedField, seen: Set<Selected>): boolean {
    if (below === null) return weight === 0;
    const ofObjects = below.types.length > 0 ? below.types.map(({ type }) => type) : [getNamedType(field.type)];
    if (!ofObjects.every((type) => (weight ?? this.#prices.weightOf(type)) === 1)) return false;
    if (seen.has(below)) return true;
    seen.add(below);
    return below.types.every(({ fields }) =>
      fields.every((one) => !one.hasPricedInputs && this.#isFreeButForObjects(one, seen)),
    );
  }

  #costOfInputs({ parent, field, node }: SelectedField, given: Readonly<Record<string, unknown>>): number {
    return this.#prices.costOfInputs(parent, field, argumentValues(node, given));
  }

  #costOfFields(data: object, { fields }: SelectedOfType, given: Readonly<Record<string, unknown>>): number {
    let cost = 0;
    for (const field of fields) {
      if (field.hasPricedInputs) cost += this.#costOfInputs(field, given);
      cost += this.#costOfValue(own(data, field.key), field.field.type, field, given);
    }
    return cost;
  }

  #costOfValue(
    value: unknown,
    outer: GraphQLOutputType,
    selected: SelectedField,
    given: Readonly<Record<string, unknown>>,
  ): number {
    if (value === null || value === undefined) return 0;
    const type = getNullableType(outer);
    if (isListType(type))
      return (value as readonly unknown[]).reduce<number>(
        (sum, item) => sum + this.#costOfValue(item, type.ofType, selected, given),
        0,
      );
    if (selected.below === null) return selected.weight!;
    const found = typeOfObject(value, selected.below);
    return (
      (selected.weight ?? this.#prices.weightOf(found ? found.type : getNamedType(type))) +
      (found ? this.#costOfFields(value, found, given) : 0)
    );
  }
}

/** Undefined: an interface that no type implements. */
function typeOfObject(value: object, { types }: Selected): SelectedOfType | undefined {
  if (types.length <= 1) return types[0];
  const keys = Object.keys(value).length;
  return (
    types.find(({ type, nameKey }) => nameKey !== null && own(value, nameKey) === type.name) ??
    types.find(
      ({ fields, nameKey }) =>
        fields.length + (nameKey === null ? 0 : 1) === keys && fields.every(({ key }) => Object.hasOwn(value, key)),
    ) ??
    types[0]
  );
}

const own = (value: object, key: string): unknown =>
  Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
