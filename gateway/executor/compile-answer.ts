import {
  getNamedType,
  getNullableType,
  isEnumType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  type FieldNode,
  type GraphQLAbstractType,
  type GraphQLCompositeType,
  type GraphQLInterfaceType,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import type { Problems } from './answer-problems.js';
import type { ClientOperation } from './client-operation.js';
import { collectFields, fieldOf, typesAlike, type CollectedFields } from './collect-fields.js';
import { evaluate, literal, own, read } from './generated-code.js';
import { GeneratedFunctions } from './generated-functions.js';
import { jsonText, quoted } from './json-text.js';

/**
 * Writes the answer's `data` as JSON: the client's selection in the client's order, with null where the schema wants it
 * (GraphQL specification, 6.4). Null when null reached the top. `introspect` gives the JSON of a root field `__schema`
 * or `__type`, which no subgraph answers.
 */
export type WriteAnswer = (data: object, problems: Problems, introspect: (field: FieldNode) => string) => string | null;

/** `quick` says nothing of where it is, so an answer it has a problem with is written again by the other. */
export type WriterKind = 'quick' | 'exact';

/**
 * Generates the writer of one operation. Text is written directly: building the object first and calling
 * `JSON.stringify` on it cost a quarter more on the deep operation of `npm run bench`.
 */
export function compileAnswer(schema: GraphQLSchema, client: ClientOperation, kind: WriterKind): WriteAnswer {
  const { operation } = client;
  const root = schema.getRootType(operation.operation);
  if (!root) throw new Error(`The schema has no ${operation.operation} type.`);
  return compileSelection(schema, client, kind, root, [operation.selectionSet]);
}

/** The same for any selection: what a deferred part holds of one object. */
export function compileSelection(
  schema: GraphQLSchema,
  client: ClientOperation,
  kind: WriterKind,
  type: GraphQLCompositeType,
  sets: readonly SelectionSetNode[],
): WriteAnswer {
  const writers = new AnswerWriters(schema, client, kind);
  const write = writers.forComposite(type, sets);
  return evaluate<WriteAnswer>(
    `// n: objects that were written
let I, n;
${writers.functions.code.join('\n')}
return (o, E, introspect) => {
I = introspect; n = -1;
const text = ${write}(o, E);
E.objects = text === null ? 0 : n;
return text;
};`,
    { quoted, own, scalarText, ...writers.scope },
  );
}

type FieldsType = GraphQLObjectType | GraphQLInterfaceType;

class AnswerWriters {
  /** Each `(value, problems) => text | null`. */
  readonly functions = new GeneratedFunctions();
  readonly scope: Record<string, unknown> = {};
  readonly #schema: GraphQLSchema;
  readonly #client: ClientOperation;
  readonly #kind: WriterKind;
  readonly #enums = new Map<string, string>();

  constructor(schema: GraphQLSchema, client: ClientOperation, kind: WriterKind) {
    this.#schema = schema;
    this.#client = client;
    this.#kind = kind;
  }

  /** The writer of an object of this very type. Equal selections of one type share it. */
  #forObject(type: FieldsType, sets: readonly SelectionSetNode[]): string {
    return this.functions.once(`${type.name}|${this.functions.numbers(sets)}`, 'w', (name) =>
      this.#writeObject(name, type, collectFields(this.#schema, this.#client, type, sets)),
    );
  }

  #writeObject(name: string, type: FieldsType, selected: CollectedFields): string {
    const lines = [...selected].map(([key, nodes], index) => this.#writeField(type, key, nodes, index === 0));
    return `function ${name}(o, E) {
if (typeof o !== 'object' || Array.isArray(o)) return E.unfit(${literal(type.name)}, o);
let s = '{', v, t, m;
${lines.join('\n')}
n++;
return s + '}';
}`;
  }

  #writeField(parent: FieldsType, key: string, nodes: readonly FieldNode[], first: boolean): string {
    const node = nodes[0]!;
    const start = `${first ? '' : ','}${literal(key)}:`;
    const place = `${parent.name}.${node.name.value}`;
    if (nodes.some((one) => this.#client.isDenied(one))) return this.#writeDenied(parent, key, node, start);
    if (node.name.value === TypeNameMetaFieldDef.name)
      return isInterfaceType(parent)
        ? `return E.unfit(${literal(parent.name)}, o);`
        : `s += ${literal(start + literal(parent.name))};`;
    if (node.name.value === SchemaMetaFieldDef.name || node.name.value === TypeMetaFieldDef.name) {
      const field = this.functions.name('f');
      this.scope[field] = asOne(nodes);
      return `s += ${literal(start)} + I(${field});`;
    }
    const { type } = fieldOf(parent, node.name.value);
    return `v = ${read('o', this.#client.plannedName(node))};\n${this.#writeValue(type, nodes, {
      place,
      start,
      key: literal(key),
    })}`;
  }

  #writeDenied(parent: FieldsType, key: string, node: FieldNode, start: string): string {
    const nonNull =
      node.name.value === TypeNameMetaFieldDef.name || isNonNullType(fieldOf(parent, node.name.value).type);
    const denied = `E.deny(${literal(key)})`;
    return nonNull ? `return ${denied};` : `${denied}; s += ${literal(`${start}null`)};`;
  }

  /** Appends `start` and the value in `v` to `s`; or null, or returns null where null may not stay. */
  #writeValue(outer: GraphQLOutputType, nodes: readonly FieldNode[], { place, start, key }: Place): string {
    const type = getNullableType(outer);
    const nonNull = isNonNullType(outer);
    const none = `s += ${start === '' ? `'null'` : literal(`${start}null`)};`;
    const prefix = start === '' ? '' : `${literal(start)} + `;
    const label = literal(place);
    if (isLeafType(type)) {
      const { test, text } = this.#leaf(type);
      const otherwise = nonNull
        ? `return E.fail(${label}, v, ${key});`
        : `{ if (v !== null && v !== undefined) E.fail(${label}, v, ${key}); ${none} }`;
      return `if (${test}) s += ${prefix}${text}; else ${otherwise}`;
    }
    const writer = isListType(type)
      ? this.#forList(type.ofType, nodes, place)
      : this.forComposite(
          getNamedType(type) as GraphQLCompositeType,
          nodes.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : [])),
        );
    // What null takes away was counted before.
    const call =
      this.#kind === 'exact'
        ? `m = n; E.enter(${key}); t = ${writer}(v, E); E.leave(); if (t === null) n = m;`
        : `t = ${writer}(v, E);`;
    const missing = nonNull ? `return E.fail(${label}, v, ${key});` : none;
    const failed = nonNull ? 'return null;' : none;
    return `if (v === null || v === undefined) { ${missing} }
else { ${call} if (t === null) { ${failed} } else s += ${prefix}t; }`;
  }

  #forList(item: GraphQLOutputType, nodes: readonly FieldNode[], place: string): string {
    return this.functions.once(`[${String(item)}]|${place}|${this.functions.numbers(nodes)}`, 'l', (name) => {
      const write = this.#writeValue(item, nodes, { place, start: '', key: 'i' });
      return `function ${name}(a, E) {
if (!Array.isArray(a)) return E.unfit(${literal(place)}, a);
let s = '[', v, t, m;
for (let i = 0; i < a.length; i++) {
if (i !== 0) s += ',';
v = a[i];
${write}
}
return s + ']';
}`;
    });
  }

  /** The writer of an object of this type, or of one it may be of. */
  forComposite(type: GraphQLCompositeType, sets: readonly SelectionSetNode[]): string {
    return isObjectType(type) ? this.#forObject(type, sets) : this.#forAbstract(type, sets);
  }

  /**
   * The object's own type decides what it has. Where all of them have the same, its name is not looked at: a subgraph
   * with `@interfaceObject` may not know it, and then the plan does not ask for it.
   */
  #forAbstract(type: GraphQLAbstractType, sets: readonly SelectionSetNode[]): string {
    return this.functions.once(`${type.name}|${this.functions.numbers(sets)}`, 'a', (name) => {
      // No object type implements the interface: only a subgraph with `@interfaceObject` can have answered.
      if (isInterfaceType(type) && this.#schema.getPossibleTypes(type).length === 0)
        return `function ${name}(o, E) { return ${this.#forObject(type, sets)}(o, E); }`;
      const alike = typesAlike(this.#schema, this.#client, type, sets);
      const unknown = `return E.unfit(${literal(type.name)}, o);`;
      const oneForAll = alike.length === 1 && !this.#client.hidesTypes;
      if (oneForAll && this.#kind === 'quick')
        return `function ${name}(o, E) { return ${this.#forObject(alike[0]![0], sets)}(o, E); }`;
      // A problem is told with the type's own name.
      const groups = this.#kind === 'exact' ? alike.flatMap((types) => types.map((type) => [type] as const)) : alike;
      const cases = groups.map(
        (types) =>
          `${types.map((one) => `case ${literal(one.name)}:`).join(' ')} return ${this.#forObject(types[0], sets)}(o, E);`,
      );
      // Without a name, or with an interface's, the fields must be the same for all.
      const nameless =
        alike.length === 1
          ? `case undefined: ${this.#client.interfaces.map((one) => `case ${literal(one)}:`).join(' ')} return ${this.#forObject(alike[0]![0]!, sets)}(o, E);`
          : '';
      return `function ${name}(o, E) {
if (typeof o !== 'object') ${unknown}
switch (o.__typename) {
${cases.join('\n')}
${nameless}
default: ${oneForAll ? `return ${this.#forObject(alike[0]![0], sets)}(o, E);` : unknown}
}
}`;
    });
  }

  /** A test whether `v` fits, and its JSON where it does (GraphQL specification, 3.5 and 3.9). */
  #leaf(type: GraphQLLeafType): { readonly test: string; readonly text: string } {
    if (isEnumType(type)) {
      const texts = this.#enumTexts(type.name, type.getValues());
      return { test: `(t = ${texts}.get(v)) !== undefined`, text: 't' };
    }
    switch (type.name) {
      case 'String':
        return { test: `typeof v === 'string'`, text: 'quoted(v)' };
      case 'ID':
        return {
          test: `typeof v === 'string' || Number.isInteger(v)`,
          text: `(typeof v === 'string' ? quoted(v) : '"' + v + '"')`,
        };
      case 'Int':
        return { test: `(v | 0) === v`, text: `(v | 0)` };
      case 'Float':
        return { test: `typeof v === 'number' && Number.isFinite(v)`, text: 'v' };
      case 'Boolean':
        return { test: `typeof v === 'boolean'`, text: 'v' };
      default:
        return { test: `v !== null && v !== undefined && (t = scalarText(v)) !== null`, text: 't' };
    }
  }

  #enumTexts(type: string, values: readonly { readonly name: string }[]): string {
    let known = this.#enums.get(type);
    if (!known) {
      this.#enums.set(type, (known = this.functions.name('e')));
      this.scope[known] = new Map(values.map(({ name }) => [name, literal(name)]));
    }
    return known;
  }
}

interface Place {
  /** `Type.field`, for messages. */
  readonly place: string;
  /** The key's JSON with its comma and colon; empty in a list. */
  readonly start: string;
  /** An expression: the key as it stands in a path. */
  readonly key: string;
}

/** Fields of one response name select together (GraphQL specification, 6.4.3, MergeSelectionSets). */
function asOne(nodes: readonly FieldNode[]): FieldNode {
  const selections = nodes.flatMap(({ selectionSet }) => selectionSet?.selections ?? []);
  return { ...nodes[0]!, selectionSet: { kind: Kind.SELECTION_SET, selections } };
}

/** A custom scalar is its subgraph's matter; what has no JSON form does not fit. */
function scalarText(value: unknown): string | null {
  try {
    const text = jsonText(value);
    return text === 'null' ? null : text; // what JSON.stringify makes of a NaN, a function, an invalid Date
  } catch {
    return null; // a BigInt, or a structure that contains itself, from a subgraph in this process
  }
}
