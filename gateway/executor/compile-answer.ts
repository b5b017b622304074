import {
  getNamedType,
  getNullableType,
  isEnumType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
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
import { textOfScalar } from './answer-leaves.js';
import type { ClientOperation } from './client-operation.js';
import { asOneField, collectFields, fieldOf, typesAlike, type CollectedFields } from './collect-fields.js';
import { evaluate, literal, own, read } from './generated-code.js';
import { GeneratedFunctions } from './generated-functions.js';
import { quoted } from './json-text.js';

/** What the writer says beside its text: the objects of the schema's types in it, without the outermost one. */
export interface Written {
  objects: number;
}

/**
 * Writes the answer's `data` as JSON: the client's selection in the client's order (GraphQL specification, 6.4). Null where
 * something does not fit, which `interpretAnswer` does something about. `introspect` gives the JSON of a root field
 * `__schema` or `__type`, which no subgraph answers.
 */
export type WriteQuickly = (data: object, introspect: (field: FieldNode) => string, written: Written) => string | null;

/**
 * Generates the writer of what is selected of one object, where nothing of it is denied. Text is written directly: building
 * the object first and calling `JSON.stringify` on it cost a quarter more on the deep operation of `npm run bench`.
 */
export function compileAnswer(
  schema: GraphQLSchema,
  client: ClientOperation,
  type: GraphQLCompositeType,
  sets: readonly SelectionSetNode[],
): WriteQuickly {
  const writers = new AnswerWriters(schema, client);
  const write = writers.forComposite(type, sets);
  return evaluate<WriteQuickly>(
    `// n: objects that were written
let I, n;
${writers.functions.code.join('\n')}
return (o, introspect, written) => {
I = introspect; n = -1;
const text = ${write}(o);
written.objects = n;
return text;
};`,
    { quoted, own, textOfScalar, ...writers.scope },
  );
}

type FieldsType = GraphQLObjectType | GraphQLInterfaceType;

class AnswerWriters {
  /** Each `(value) => text | null`. */
  readonly functions = new GeneratedFunctions();
  readonly scope: Record<string, unknown> = {};
  readonly #schema: GraphQLSchema;
  readonly #client: ClientOperation;
  readonly #enums = new Map<string, string>();

  constructor(schema: GraphQLSchema, client: ClientOperation) {
    this.#schema = schema;
    this.#client = client;
  }

  /** The writer of an object of this very type. Equal selections of one type share it. */
  #forObject(type: FieldsType, sets: readonly SelectionSetNode[]): string {
    return this.functions.once(`${type.name}|${this.functions.numbers(sets)}`, 'w', (name) =>
      this.#writeObject(name, type, collectFields(this.#schema, this.#client, type, sets)),
    );
  }

  #writeObject(name: string, type: FieldsType, selected: CollectedFields): string {
    const lines = [...selected].map(([key, nodes], index) => this.#writeField(type, key, nodes, index === 0));
    return `function ${name}(o) {
if (typeof o !== 'object' || Array.isArray(o)) return null;
let s = '{', v, t;
${lines.join('\n')}
n++;
return s + '}';
}`;
  }

  #writeField(parent: FieldsType, key: string, nodes: readonly FieldNode[], first: boolean): string {
    const node = nodes[0]!;
    const start = `${first ? '' : ','}${literal(key)}:`;
    if (node.name.value === TypeNameMetaFieldDef.name)
      return isInterfaceType(parent) ? 'return null;' : `s += ${literal(start + literal(parent.name))};`;
    if (node.name.value === SchemaMetaFieldDef.name || node.name.value === TypeMetaFieldDef.name) {
      const field = this.functions.name('f');
      this.scope[field] = asOneField(nodes);
      return `s += ${literal(start)} + I(${field});`;
    }
    const { type } = fieldOf(parent, node.name.value);
    return `v = ${read('o', this.#client.plannedName(node))};\n${this.#writeValue(type, nodes, start)}`;
  }

  /** Appends `start` and the value in `v` to `s`; returns null where it does not fit. */
  #writeValue(outer: GraphQLOutputType, nodes: readonly FieldNode[], start: string): string {
    const type = getNullableType(outer);
    const none = isNonNullType(outer) ? 'return null;' : `s += ${start === '' ? `'null'` : literal(`${start}null`)};`;
    const prefix = start === '' ? '' : `${literal(start)} + `;
    if (isLeafType(type)) {
      const { test, text } = this.#leaf(type);
      const misfit = isNonNullType(outer) ? none : `if (v !== null && v !== undefined) return null; else ${none}`;
      return `if (${test}) s += ${prefix}${text}; else ${misfit}`;
    }
    const writer = isListType(type)
      ? this.#forList(type.ofType, nodes)
      : this.forComposite(
          getNamedType(type) as GraphQLCompositeType,
          nodes.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : [])),
        );
    return `if (v === null || v === undefined) { ${none} }
else { t = ${writer}(v); if (t === null) return null; s += ${prefix}t; }`;
  }

  #forList(item: GraphQLOutputType, nodes: readonly FieldNode[]): string {
    return this.functions.once(`[${String(item)}]|${this.functions.numbers(nodes)}`, 'l', (name) => {
      const write = this.#writeValue(item, nodes, '');
      return `function ${name}(a) {
if (!Array.isArray(a)) return null;
let s = '[', v, t;
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
        return `function ${name}(o) { return ${this.#forObject(type, sets)}(o); }`;
      const alike = typesAlike(this.#schema, this.#client, type, sets);
      if (alike.length === 1 && !this.#client.hidesTypes)
        return `function ${name}(o) { return ${this.#forObject(alike[0]![0], sets)}(o); }`;
      const cases = alike.map(
        (types) =>
          `${types.map((one) => `case ${literal(one.name)}:`).join(' ')} return ${this.#forObject(types[0], sets)}(o);`,
      );
      // Without a name, or with an interface's, the fields must be the same for all.
      const nameless =
        alike.length === 1
          ? `case undefined: ${this.#client.interfaces.map((one) => `case ${literal(one)}:`).join(' ')} return ${this.#forObject(alike[0]![0], sets)}(o);`
          : '';
      return `function ${name}(o) {
if (typeof o !== 'object') return null;
switch (o.__typename) {
${cases.join('\n')}
${nameless}
default: return null;
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
        return { test: `v !== null && v !== undefined && (t = textOfScalar(v)) !== null`, text: 't' };
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
