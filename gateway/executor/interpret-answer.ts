import {
  getNullableType,
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
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import { leafWriter } from './answer-leaves.js';
import type { AnswerProblems } from './answer-problems.js';
import type { ClientOperation } from './client-operation.js';
import { asOneField, collectFields, fieldOf, typesAlike } from './collect-fields.js';
import { isInherited, literal, own } from './generated-code.js';

/**
 * Writes what `compileAnswer`'s writer would, and tells what does not fit and where; null goes where the schema wants it
 * (GraphQL specification, 6.4.4). Null when it reached the top.
 */
export type WriteExactly = (
  data: object,
  problems: AnswerProblems,
  introspect: (field: FieldNode) => string,
) => string | null;

/**
 * The writer of what is selected of one object, in functions that are there already: it is there sooner than one that is generated
 * and compiled, and takes longer for each answer (decisions/0035). Each part of it is made when an answer first has it.
 */
export function interpretAnswer(
  schema: GraphQLSchema,
  client: ClientOperation,
  type: GraphQLCompositeType,
  sets: readonly SelectionSetNode[],
): WriteExactly {
  const write = new Writers(schema, client).ofComposite(type, sets);
  return (data, problems, introspect) => {
    const writing: Writing = { problems, introspect, objects: -1 };
    const text = write(data, writing);
    problems.objects = text === null ? 0 : writing.objects;
    return text;
  };
}

/** One answer that is being written. */
interface Writing {
  readonly problems: AnswerProblems;
  readonly introspect: (field: FieldNode) => string;
  /** Those that were written. */
  objects: number;
}

/** JSON; null: null may not stay there, and the problem was told. */
type Write = (value: unknown, writing: Writing) => string | null;
/** The same, for a value that stands at `key`. */
type WriteAt = (value: unknown, key: string | number, writing: Writing) => string | null;

type FieldsType = GraphQLObjectType | GraphQLInterfaceType;

class Writers {
  readonly #schema: GraphQLSchema;
  readonly #client: ClientOperation;
  /** By the first selection set: fragments that spread others twice each have exponentially many places. */
  readonly #known = new Map<SelectionSetNode, KnownWriter[]>();

  constructor(schema: GraphQLSchema, client: ClientOperation) {
    this.#schema = schema;
    this.#client = client;
  }

  /** Of an object of this type, or of one it may be of. */
  ofComposite(type: GraphQLCompositeType, sets: readonly SelectionSetNode[]): Write {
    const [first] = sets as readonly [SelectionSetNode, ...SelectionSetNode[]];
    let known = this.#known.get(first);
    if (!known) this.#known.set(first, (known = []));
    const same = known.find((one) => one.type === type && areSame(one.sets, sets));
    if (same) return same.write;
    const write = whenNeeded(() => (isObjectType(type) ? this.#ofObject(type, sets) : this.#ofAbstract(type, sets)));
    known.push({ type, sets, write });
    return write;
  }

  /** Of an object of this very type. */
  #ofObject(type: FieldsType, sets: readonly SelectionSetNode[]): Write {
    const fields = [...collectFields(this.#schema, this.#client, type, sets)].map(([key, nodes], index) =>
      this.#ofField(type, key, nodes, index === 0),
    );
    return (object, writing) => {
      if (!isObject(object)) return writing.problems.unfit(type.name);
      let text = '{';
      for (const write of fields) {
        const field = write(object, writing);
        if (field === null) return null;
        text += field;
      }
      writing.objects++;
      return text + '}';
    };
  }

  /** With its key, and a comma before it unless it is the first. */
  #ofField(parent: FieldsType, key: string, nodes: readonly FieldNode[], isFirst: boolean): WriteField {
    const node = nodes[0]!;
    const name = node.name.value;
    const start = `${isFirst ? '' : ','}${literal(key)}:`;
    if (nodes.some((one) => this.#client.isDenied(one))) return denied(parent, node, key, `${start}null`);
    if (name === TypeNameMetaFieldDef.name) {
      const text = start + literal(parent.name);
      return isInterfaceType(parent) ? (_object, { problems }) => problems.unfit(parent.name) : () => text;
    }
    if (name === SchemaMetaFieldDef.name || name === TypeMetaFieldDef.name) {
      const field = asOneField(nodes);
      return (_object, { introspect }) => start + introspect(field);
    }
    const write = this.#ofValue(fieldOf(parent, name).type, nodes, `${parent.name}.${name}`);
    const plannedName = this.#client.plannedName(node);
    const read = isInherited(plannedName) ? own : readPlainly;
    return (object, writing) => {
      const text = write(read(object, plannedName), key, writing);
      return text === null ? null : start + text;
    };
  }

  /** `place`: `Type.field`, for messages. */
  #ofValue(outer: GraphQLOutputType, nodes: readonly FieldNode[], place: string): WriteAt {
    const type = getNullableType(outer);
    const none = isNonNullType(outer) ? null : 'null';
    if (isLeafType(type)) {
      const textOf = leafWriter(type);
      return (value, key, { problems }) => {
        const isMissing = value === null || value === undefined;
        const text = isMissing ? null : textOf(value);
        if (text !== null) return text;
        if (!isMissing || none === null) problems.fail(place, value, key);
        return none;
      };
    }
    const write = isListType(type)
      ? this.#ofList(this.#ofValue(type.ofType, nodes, place), place)
      : this.ofComposite(
          type,
          nodes.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : [])),
        );
    return (value, key, writing) => {
      const { problems, objects } = writing;
      if (value === null || value === undefined) return none ?? problems.fail(place, value, key);
      problems.enter(key);
      const text = write(value, writing);
      problems.leave();
      if (text !== null) return text;
      writing.objects = objects; // what null takes away was counted
      return none;
    };
  }

  #ofList(write: WriteAt, place: string): Write {
    return (list, writing) => {
      if (!Array.isArray(list)) return writing.problems.unfit(place);
      let text = '[';
      for (let index = 0; index < list.length; index++) {
        const item = write(list[index], index, writing);
        if (item === null) return null;
        text += index === 0 ? item : `,${item}`;
      }
      return text + ']';
    };
  }

  /** Like `compileAnswer`'s, but that the object's own type is named in a problem where it says it. */
  #ofAbstract(type: GraphQLAbstractType, sets: readonly SelectionSetNode[]): Write {
    // No object type implements the interface: only a subgraph with `@interfaceObject` can have answered.
    if (isInterfaceType(type) && this.#schema.getPossibleTypes(type).length === 0) return this.#ofObject(type, sets);
    const { hidesTypes, interfaces } = this.#client;
    const alike = typesAlike(this.#schema, this.#client, type, sets);
    const writers = new Map<unknown, Write>(alike.flat().map((one) => [one.name, this.ofComposite(one, sets)]));
    const any = alike.length === 1 ? writers.get(alike[0]![0].name)! : null;
    if (any) for (const nameless of [undefined, ...interfaces]) writers.set(nameless, any);
    const otherwise = hidesTypes ? null : any;
    return (object, writing) => {
      const write = typeof object === 'object' ? (writers.get(typeNameIn(object)) ?? otherwise) : null;
      return write ? write(object, writing) : writing.problems.unfit(type.name);
    };
  }
}

type WriteField = (object: object, writing: Writing) => string | null;

interface KnownWriter {
  readonly type: GraphQLCompositeType;
  readonly sets: readonly SelectionSetNode[];
  readonly write: Write;
}

const areSame = (some: readonly unknown[], others: readonly unknown[]): boolean =>
  some.length === others.length && some.every((one, at) => one === others[at]);

function denied(parent: FieldsType, node: FieldNode, key: string, none: string): WriteField {
  const name = node.name.value;
  const mayBeNull = name !== TypeNameMetaFieldDef.name && !isNonNullType(fieldOf(parent, name).type);
  return (_object, { problems }) => {
    problems.deny(key);
    return mayBeNull ? none : null;
  };
}

const readPlainly = (object: object, name: string): unknown => (object as Record<string, unknown>)[name];

const isObject = (value: unknown): value is object => typeof value === 'object' && !Array.isArray(value);

const typeNameIn = (object: object | null): unknown => (object as { readonly __typename?: unknown }).__typename;

function whenNeeded(make: () => Write): Write {
  let write: Write | null = null;
  return (value, writing) => (write ??= make())(value, writing);
}
