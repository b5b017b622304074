import {
  executeSync,
  getNullableType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  type DocumentNode,
  type GraphQLLeafType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql';
import type { Choices } from './choices.js';

export interface LeafValues {
  readonly strings: readonly string[];
  readonly floats: readonly number[];
  /** Of a custom scalar. */
  readonly odd: readonly unknown[];
}

/** Values that have one form in JSON, and no escape in it. */
export const PLAIN_VALUES: LeafValues = {
  strings: ['', 'a', 'Ada Lovelace', 'ä€😀', '\u007f', '\u2028', '</script>', 'x'.repeat(60)],
  floats: [0, 1, -1, 0.5, -0.25, 3.141592653589793, 123456789012345],
  odd: ['', 'odd', 'ö'],
};

/** Among them what has to be escaped, and what has several forms. */
export const ODD_VALUES: LeafValues = {
  strings: [...PLAIN_VALUES.strings, '"', '\\', '\n', '\u0000', '\u001f', '\ud83d', '__proto__', '"},"data":{'],
  floats: [...PLAIN_VALUES.floats, -0, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 9007199254740992],
  odd: [...PLAIN_VALUES.odd, 1, true, [1, [null]], { a: { b: '\u0000' } }, '\ud83d'],
};

/** An answer without a fault: the operation's fields in its order, each value of its type. */
export function faultlessAnswer(
  schema: GraphQLSchema,
  document: DocumentNode,
  variableValues: Readonly<Record<string, unknown>>,
  choices: Choices,
  values: LeafValues,
): object {
  const leaf = (type: GraphQLLeafType): unknown => {
    if (isEnumType(type)) return choices.oneOf(type.getValues()).value;
    switch (type.name) {
      case 'Int':
        return choices.oneOf([0, 1, -1, 42, 2_147_483_647, -2_147_483_648]);
      case 'Float':
        return choices.oneOf(values.floats);
      case 'Boolean':
        return choices.oneOf([true, false]);
      case 'Odd':
        return choices.oneOf(values.odd);
      default:
        return choices.oneOf(values.strings);
    }
  };
  const value = (outer: GraphQLOutputType): unknown => {
    if (!isNonNullType(outer) && choices.onceIn(6)) return null;
    const type = getNullableType(outer);
    if (isListType(type)) return Array.from({ length: choices.below(4) }, () => value(type.ofType));
    return isLeafType(type) ? leaf(type) : {};
  };
  const { data, errors } = executeSync({
    schema,
    document,
    variableValues,
    fieldResolver: (_source, _arguments, _context, { returnType }) => value(returnType),
    typeResolver: (_value, _context, _info, type) => choices.oneOf(schema.getPossibleTypes(type)).name,
  });
  if (!data || errors) throw new Error(`This answer has a fault: ${String(errors)}`);
  return data;
}
