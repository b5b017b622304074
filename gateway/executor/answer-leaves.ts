import { isEnumType, type GraphQLLeafType } from 'graphql';
import { jsonText, quoted } from './json-text.js';

/** A value's JSON; null: it does not fit the type, as null does not either. */
export type TextOfLeaf = (value: unknown) => string | null;

/** GraphQL specification, 3.5 and 3.9: what a response may hold for each, as `compileAnswer` writes it in line. */
const BUILT_IN: Readonly<Record<string, TextOfLeaf>> = {
  String: (value) => (typeof value === 'string' ? quoted(value) : null),
  ID: (value) => (typeof value === 'string' ? quoted(value) : Number.isInteger(value) ? `"${String(value)}"` : null),
  Int: (value) => (typeof value === 'number' && (value | 0) === value ? String(value | 0) : null),
  Float: (value) => (typeof value === 'number' && Number.isFinite(value) ? String(value) : null),
  Boolean: (value) => (typeof value === 'boolean' ? String(value) : null),
};

export function leafWriter(type: GraphQLLeafType): TextOfLeaf {
  if (isEnumType(type)) return (value) => (typeof value === 'string' && type.getValue(value) ? quoted(value) : null);
  return Object.hasOwn(BUILT_IN, type.name) ? BUILT_IN[type.name]! : textOfScalar;
}

/** A custom scalar is its subgraph's matter; what has no JSON form does not fit. */
export function textOfScalar(value: unknown): string | null {
  try {
    const text = jsonText(value);
    return text === 'null' ? null : text; // what JSON.stringify makes of a NaN, a function, an invalid Date
  } catch {
    return null; // a BigInt, or a structure that contains itself, from a subgraph in this process
  }
}
