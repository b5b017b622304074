import { isUtf8 } from 'node:buffer';
import {
  getNullableType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  TypeNameMetaFieldDef,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import type { ClientOperation } from './client-operation.js';
import { collectFields, fieldOf, typesAlike } from './collect-fields.js';
import { evaluate, literal } from './generated-code.js';
import { GeneratedFunctions } from './generated-functions.js';

/**
 * For the bytes of a response that is, key by key and value by value, what the slow way would write: the client's
 * fields in the client's order, every value of its type, nothing null that may not be, no errors, no extensions, no
 * white space but a line's end. Such bytes can be passed on. The number is that of the objects in `data`; null says
 * nothing: the slow way finds out.
 */
export type RecognizeAnswer = (bytes: Buffer) => number | null;

/**
 * Generates the recognizer of an operation; null where its answers cannot be told from their bytes alone: the type of an
 * object decides about its fields, or the gateway itself adds something.
 */
export function compileRecognizer(schema: GraphQLSchema, client: ClientOperation): RecognizeAnswer | null {
  const root = schema.getRootType(client.operation.operation);
  if (!root || client.hidesTypes || client.mayDeny) return null;
  const recognizers = new Recognizers(schema, client);
  try {
    const recognize = recognizers.forObject(root, [client.operation.selectionSet], true);
    return evaluate<RecognizeAnswer>(
      `let b, p, n, wide;
${READERS}
${recognizers.functions.code.join('\n')}
return (bytes) => {
b = bytes; p = 0; n = -1; wide = false;
if (!(${expectText('{"data":')} && ${recognize}() && b[p++] === 125)) return null;
if (b[p] === 10) p++;
return p === b.length && (!wide || isUtf8(b)) ? n : null;
};`,
      { isUtf8, ...recognizers.scope },
    );
  } catch (error) {
    if (error === CANNOT_TELL) return null;
    throw error;
  }
}

const CANNOT_TELL = new Error('The bytes do not tell.');

/** Each reads one value at `p`, and answers false where the slow way might write it differently. */
const READERS = `
function text() {
  if (b[p] !== 34) return false;
  for (p++; p < b.length; p++) {
    const c = b[p];
    if (c === 34) { p++; return true; }
    if (c < 32 || c === 92) return false;
    if (c > 127) wide = true;
  }
  return false;
}
function int() {
  const negative = b[p] === 45;
  if (negative) p++;
  const from = p;
  let n = 0;
  for (; p < b.length && b[p] >= 48 && b[p] <= 57; p++) n = n * 10 + (b[p] - 48);
  const digits = p - from;
  if (digits === 0 || digits > 10 || (digits > 1 && b[from] === 48) || (negative && n === 0)) return false;
  return negative ? n <= 2147483648 : n <= 2147483647;
}
function float() {
  const start = p;
  if (b[p] === 45) p++;
  const from = p;
  while (b[p] >= 48 && b[p] <= 57) p++;
  const digits = p - from;
  if (digits === 0 || digits > 15 || (digits > 1 && b[from] === 48)) return false;
  if (b[p] === 46) {
    const fraction = ++p;
    while (b[p] >= 48 && b[p] <= 57) p++;
    if (p === fraction) return false;
  }
  if (b[p] === 101 || b[p] === 69) return false;
  return b[start] !== 45 || b[from] !== 48 || Number(b.latin1Slice(start, p)) !== 0; // JSON is written without -0
}
function boolean() { return b[p] === 116 ? ${expectText('true')} : ${expectText('false')}; }
function oneOf(values) {
  const from = p;
  return text() && values.has(b.latin1Slice(from + 1, p - 1));
}
`;

/** An expression: the bytes at `p` are these, and `p` is behind them. */
function expectText(wanted: string): string {
  const bytes = [...Buffer.from(wanted)];
  return `(${bytes.map((byte, index) => `b[p + ${index}] === ${byte}`).join(' && ')} && (p += ${bytes.length}, true))`;
}

class Recognizers {
  /** Each `() => boolean`. */
  readonly functions = new GeneratedFunctions();
  readonly scope: Record<string, unknown> = {};
  readonly #schema: GraphQLSchema;
  readonly #client: ClientOperation;

  constructor(schema: GraphQLSchema, client: ClientOperation) {
    this.#schema = schema;
    this.#client = client;
  }

  forObject(type: GraphQLObjectType, sets: readonly SelectionSetNode[], isRoot = false): string {
    return this.functions.once(`${type.name}|${this.functions.numbers(sets)}`, 'w', (name) => {
      const checks = [...collectFields(this.#schema, this.#client, type, sets)].map(([key, nodes], index) => {
        const field = nodes[0]!.name.value;
        if (field.startsWith('__') && isRoot) throw CANNOT_TELL; // subgraphs are not asked for it
        if (nodes.some((node) => this.#client.plannedName(node) !== key)) throw CANNOT_TELL;
        const start = `${index === 0 ? '{' : ','}${literal(key)}:`;
        if (field === TypeNameMetaFieldDef.name) return expectText(start + literal(type.name));
        return `${expectText(start)} && ${this.#value(fieldOf(type, field).type, nodes)}`;
      });
      const body = checks.length === 0 ? expectText('{}') : `${checks.join('\n&& ')}\n&& b[p++] === 125`;
      return `function ${name}() { n++; return ${body}; }`;
    });
  }

  #value(outer: GraphQLOutputType, nodes: readonly FieldNode[]): string {
    const type = getNullableType(outer);
    const value = isLeafType(type)
      ? this.#leaf(type)
      : isListType(type)
        ? `${this.#list(type.ofType, nodes)}()`
        : `${this.#composite(type, nodes)}()`;
    return isNonNullType(outer) ? value : `(b[p] === 110 ? ${expectText('null')} : ${value})`;
  }

  #list(item: GraphQLOutputType, nodes: readonly FieldNode[]): string {
    return this.functions.once(
      `[${String(item)}]|${this.functions.numbers(nodes)}`,
      'l',
      (name) => `function ${name}() {
if (b[p++] !== 91) return false;
if (b[p] === 93) { p++; return true; }
for (;;) {
if (!(${this.#value(item, nodes)})) return false;
const c = b[p++];
if (c === 93) return true;
if (c !== 44) return false;
}
}`,
    );
  }

  #composite(type: GraphQLCompositeType, nodes: readonly FieldNode[]): string {
    const sets = nodes.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : []));
    if (isObjectType(type)) return this.forObject(type, sets);
    const [alike, others] = typesAlike(this.#schema, this.#client, type, sets);
    if (!alike || others) throw CANNOT_TELL;
    return this.forObject(alike[0], sets);
  }

  #leaf(type: GraphQLLeafType): string {
    if (isEnumType(type)) {
      const values = this.functions.name('e');
      this.scope[values] = new Set(type.getValues().map((value) => value.name));
      return `oneOf(${values})`;
    }
    switch (type.name) {
      case 'String':
      case 'ID':
        return 'text()';
      case 'Int':
        return 'int()';
      case 'Float':
        return 'float()';
      case 'Boolean':
        return 'boolean()';
      default:
        // Of a custom scalar's JSON only a string is this simple to tell.
        return 'text()';
    }
  }
}
