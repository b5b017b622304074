import {
  getNamedType,
  getNullableType,
  isCompositeType,
  isInputObjectType,
  isListType,
  valueFromASTUntyped,
  type FieldNode,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type OperationDefinitionNode,
} from 'graphql';
import type { DeclaredCosts } from './read-costs.js';

/** What one thing costs by itself, before the run and after it alike. */
export interface Prices {
  /** An object, a value or an input object of this type. */
  weightOf(type: GraphQLNamedType): number;
  /** What a field says its object or value costs, in place of its type. */
  weightOfField(type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): number | undefined;
  costOfInput(value: unknown, type: GraphQLInputType, weight: number | undefined): number;
  /** False: whatever is given for these arguments, or left out, is free. */
  hasPricedInputs(type: GraphQLObjectType, field: GraphQLField<unknown, unknown>, node: FieldNode): boolean;
  /** What is in a field's arguments. */
  costOfInputs(
    type: GraphQLObjectType,
    field: GraphQLField<unknown, unknown>,
    values: ReadonlyMap<string, unknown>,
  ): number;
}

export function pricesOf({ weights }: DeclaredCosts): Prices {
  const weightOf = (type: GraphQLNamedType): number =>
    weights.get(type.name) ?? (isCompositeType(type) || isInputObjectType(type) ? 1 : 0);

  const weightOfArgument = (
    type: GraphQLObjectType,
    field: GraphQLField<unknown, unknown>,
    argument: GraphQLArgument,
  ): number | undefined => ofField(weights, type, `${field.name}(${argument.name}:)`);

  function costOfInput(value: unknown, type: GraphQLInputType, weight: number | undefined): number {
    const nullable = getNullableType(type);
    if (isListType(nullable) && Array.isArray(value))
      return value.reduce<number>((sum, item) => sum + costOfInput(item, nullable.ofType, weight), 0);
    const named = getNamedType(type);
    let cost = weight ?? weightOf(named);
    if (!isInputObjectType(named) || typeof value !== 'object' || value === null) return cost;
    const fields = named.getFields();
    for (const name of Object.keys(value)) {
      const field = fields[name];
      const given = (value as Readonly<Record<string, unknown>>)[name];
      if (field && given !== undefined)
        cost += costOfInput(given, field.type, weights.size > 0 ? weights.get(`${named.name}.${name}`) : undefined);
    }
    return cost;
  }

  return {
    weightOf,
    weightOfField: (type, { name }) => ofField(weights, type, name),
    costOfInput,
    hasPricedInputs: (type, field, { arguments: given = [] }) =>
      given.some(({ name }) => {
        const argument = field.args.find((one) => one.name === name.value);
        if (!argument) return false;
        const named = getNamedType(argument.type);
        return isInputObjectType(named) || (weightOfArgument(type, field, argument) ?? weightOf(named)) > 0;
      }),
    costOfInputs(type, field, values) {
      let cost = 0;
      for (const argument of field.args)
        if (values.has(argument.name))
          cost += costOfInput(values.get(argument.name), argument.type, weightOfArgument(type, field, argument));
      return cost;
    },
  };
}

/** Of `Type.field`, or of the field of that name in an interface of the type. */
export function ofField<T>(
  declarations: ReadonlyMap<string, T>,
  type: GraphQLObjectType,
  field: string,
): T | undefined {
  for (const { name } of [type, ...type.getInterfaces()]) {
    const found = declarations.get(`${name}.${field}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Those that were given, a variable without a value left out, by name. */
export const argumentValues = (
  { arguments: args = [] }: FieldNode,
  variables: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, unknown> =>
  new Map(
    args.flatMap(({ name, value }): [string, unknown][] => {
      const read = valueFromASTUntyped(value, variables);
      return read === undefined ? [] : [[name.value, read]];
    }),
  );

/** What the client gave for the operation's variables, and the defaults of those it gave nothing for, by name. */
export function valuesGiven(
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const given = Object.create(null) as Record<string, unknown>; // it has no `constructor` that nobody gave
  for (const { variable, defaultValue } of variableDefinitions) {
    const name = variable.name.value;
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    given[name] = value === undefined && defaultValue ? valueFromASTUntyped(defaultValue) : value;
  }
  return given;
}
