import {
  Kind,
  parse,
  type ConstDirectiveNode,
  type ConstValueNode,
  type FieldNode,
  type SelectionSetNode,
  type StringValueNode,
} from 'graphql';
import { argumentOf, nameIn } from '../../supergraph/join-directives.js';
import type { SupergraphTypes } from './supergraph-types.js';

/** A selection that a directive of some subgraph holds, as the supergraph repeats it (join specification). */
export interface FieldSet {
  readonly kind: 'key' | 'requires' | 'provides' | 'context';
  /** The value of `join__Graph` that stands for the subgraph. */
  readonly graph: string;
  /** What the selection is on. */
  readonly typeName: string;
  /** The field with the directive, and the type it is of; null for a key. */
  readonly fieldName: string | null;
  readonly parentType: string | null;
  readonly selectionSet: SelectionSetNode;
  /** The argument it was read from. */
  readonly source: StringValueNode;
}

/** Of every `@key`, `@requires`, `@provides` and `@fromContext` in the supergraph, in its order. */
export function* fieldSetsIn(types: SupergraphTypes): Iterable<FieldSet> {
  const contexts = typesByContext(types);
  for (const { name: type, directives = [], fields = [] } of types.withFields()) {
    for (const { graph, argument } of joins(directives, 'join__type'))
      yield* fieldSet('key', graph, type.value, NO_FIELD, argument('key'));
    for (const { name, directives: onField = [] } of fields) {
      const field = { parentType: type.value, fieldName: name.value };
      for (const { graph, argument } of joins(onField, 'join__field')) {
        yield* fieldSet('requires', graph, type.value, field, argument('requires'));
        yield* fieldSet('provides', graph, types.typeOf(type.value, name.value)!, field, argument('provides'));
        const contextArguments = argument('contextArguments');
        for (const item of contextArguments?.kind === Kind.LIST ? contextArguments.values : []) {
          if (item.kind !== Kind.OBJECT) continue;
          const value = (key: string) => item.fields.find((field) => field.name.value === key)?.value;
          for (const typeName of contexts.get(text(value('context'))) ?? [])
            yield* fieldSet('context', graph, typeName, field, value('selection'));
        }
      }
    }
  }
}

/** A field that a field set mentions, at whatever depth, and the type it is selected on. */
export interface Mention {
  readonly typeName: string;
  readonly field: FieldNode;
}

export const mentionsIn = (fieldSet: FieldSet, types: SupergraphTypes): Iterable<Mention> =>
  mentions(fieldSet.selectionSet, fieldSet.typeName, types);

function* mentions({ selections }: SelectionSetNode, typeName: string, types: SupergraphTypes): Iterable<Mention> {
  for (const selection of selections) {
    if (selection.kind === Kind.INLINE_FRAGMENT)
      yield* mentions(selection.selectionSet, selection.typeCondition?.name.value ?? typeName, types);
    if (selection.kind !== Kind.FIELD) continue;
    yield { typeName, field: selection };
    const below = types.typeOf(typeName, selection.name.value);
    if (selection.selectionSet && below !== undefined) yield* mentions(selection.selectionSet, below, types);
  }
}

const NO_FIELD = { parentType: null, fieldName: null };

function* fieldSet(
  kind: FieldSet['kind'],
  graph: string,
  typeName: string,
  field: Pick<FieldSet, 'parentType' | 'fieldName'>,
  source: ConstValueNode | undefined,
): Iterable<FieldSet> {
  if (source?.kind === Kind.STRING)
    yield { kind, graph, typeName, ...field, selectionSet: parseFieldSet(source.value), source };
}

/** With braces, as `@fromContext` writes it, or without. */
function parseFieldSet(source: string): SelectionSetNode {
  const [definition] = parse(source.trimStart().startsWith('{') ? source : `{${source}}`, {
    noLocation: true,
  }).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`"${source}" is not a field set.`);
  return definition.selectionSet;
}

interface Join {
  readonly graph: string;
  argument(name: string): ConstValueNode | undefined;
}

function* joins(directives: readonly ConstDirectiveNode[], name: 'join__type' | 'join__field'): Iterable<Join> {
  for (const directive of directives) {
    if (directive.name.value !== name) continue;
    yield { graph: nameIn(directive, 'graph'), argument: (wanted) => argumentOf(directive, wanted) };
  }
}

/** `@context(name:)` may stand on several types. */
function typesByContext(types: SupergraphTypes): ReadonlyMap<string, readonly string[]> {
  const contexts = new Map<string, string[]>();
  for (const { name: type, directives = [] } of types.withFields())
    for (const directive of directives) {
      if (directive.name.value !== 'context') continue;
      const context = nameIn(directive, 'name');
      contexts.set(context, [...(contexts.get(context) ?? []), type.value]);
    }
  return contexts;
}

const text = (value: ConstValueNode | undefined): string =>
  value?.kind === Kind.STRING || value?.kind === Kind.ENUM ? value.value : '';
