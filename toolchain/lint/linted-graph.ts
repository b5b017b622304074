import { schemaLinks, UnreadableAccessControl, type SchemaLink } from '@inevitable/gateway';
import {
  Kind,
  parse,
  type ConstDirectiveNode,
  type DocumentNode,
  type EnumValueDefinitionNode,
  type FieldDefinitionNode,
  type FieldNode,
  type InputValueDefinitionNode,
  type TypeDefinitionNode,
  type TypeExtensionNode,
  type TypeNode,
} from 'graphql';
import type { SubgraphText } from '../compose/read-subgraphs.js';
import type { ProductFacts } from './leak/product-facts.js';

/** What of a subgraph is linted. What one that was asked of a running subgraph has from the kit is in it already. */
export type LintedSource = Pick<SubgraphText, 'name' | 'file' | 'sdl' | 'served'>;

export type RootName = 'Query' | 'Mutation' | 'Subscription';
export type TypeNodeOf = TypeDefinitionNode | TypeExtensionNode;

export interface LintedSubgraph extends LintedSource {
  readonly document: DocumentNode;
  /** What this schema calls a directive of federation; both without `@`. */
  federationName(directive: string): string;
}

interface Part {
  readonly subgraph: LintedSubgraph;
  /** A schema coordinate; root types are called Query, Mutation and Subscription whatever their schema calls them. */
  readonly coordinate: string;
  /** The type it belongs to, or is. */
  readonly typeName: string;
  readonly type: TypeNodeOf;
  /** Set where the type is a root type. */
  readonly root: RootName | null;
}
export interface TypePart extends Part {
  readonly kind: 'type';
  readonly node: TypeNodeOf;
}
export interface FieldPart extends Part {
  readonly kind: 'field';
  readonly node: FieldDefinitionNode;
}
export interface ArgumentPart extends Part {
  readonly kind: 'argument';
  readonly node: InputValueDefinitionNode;
  readonly field: FieldPart;
}
export interface InputFieldPart extends Part {
  readonly kind: 'inputField';
  readonly node: InputValueDefinitionNode;
}
export interface EnumValuePart extends Part {
  readonly kind: 'enumValue';
  readonly node: EnumValueDefinitionNode;
}
/** What a rule looks at: everything in a schema that has a name. */
export type SchemaPart = TypePart | FieldPart | ArgumentPart | InputFieldPart | EnumValuePart;

/** All subgraphs together, without composing them: a schema that does not compose can be linted, too. */
export interface LintedGraph {
  readonly subgraphs: readonly LintedSubgraph[];
  /** In the order of the files. Without what federation itself defines. */
  readonly parts: readonly SchemaPart[];
  /** The parts of every subgraph that are called the same. */
  at(coordinate: string): readonly SchemaPart[];
  /** The fields of an object or interface type, of every subgraph. */
  fieldsOf(typeName: string): readonly FieldPart[];
  /** The types whose objects may come where one is named: itself, members of a union, implementers of an interface. */
  possibleTypes(typeName: string): ReadonlySet<string>;
  /** What is known of the product behind a subgraph, by its name. */
  readonly products: ReadonlyMap<string, ProductFacts>;
}

/** Throws `GraphQLError` for a schema that cannot be parsed. */
export function parseSubgraph(source: LintedSource): LintedSubgraph {
  const document = parse(source.sdl);
  const federation = linksOf(document).find(({ identity }) => identity === 'https://specs.apollo.dev/federation');
  return { ...source, document, federationName: (directive) => federation?.directiveName(directive) ?? directive };
}

/** A subgraph's schema need not link the specification of `@link` itself, as a supergraph's does. */
const LINK_ITSELF = parse('extend schema @link(url: "https://specs.apollo.dev/link/v1.0")').definitions;

function linksOf(document: DocumentNode): readonly SchemaLink[] {
  try {
    return schemaLinks({ ...document, definitions: [...LINK_ITSELF, ...document.definitions] });
  } catch (error) {
    if (error instanceof UnreadableAccessControl) return []; // composition says what is wrong with them
    throw error;
  }
}

export function lintedGraph(
  subgraphs: readonly LintedSubgraph[],
  products: ReadonlyMap<string, ProductFacts>,
): LintedGraph {
  const parts = subgraphs.flatMap((subgraph) => [...partsOf(subgraph)]);
  const byCoordinate = grouped(parts, ({ coordinate }) => coordinate);
  const fields = grouped(
    parts.filter((part) => part.kind === 'field'),
    ({ typeName }) => typeName,
  );
  const possible = possibleTypes(parts);
  return {
    subgraphs,
    parts,
    products,
    at: (coordinate) => byCoordinate.get(coordinate) ?? [],
    fieldsOf: (typeName) => fields.get(typeName) ?? [],
    possibleTypes: (typeName) => possible.get(typeName) ?? new Set([typeName]),
  };
}

function grouped<T>(all: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group) group.push(one);
    else groups.set(keyOf(one), [one]);
  }
  return groups;
}

/** Of interfaces and unions alone. */
function possibleTypes(parts: readonly SchemaPart[]): ReadonlyMap<string, ReadonlySet<string>> {
  const possible = new Map<string, Set<string>>();
  const add = (abstract: string, type: string): void => {
    const known = possible.get(abstract);
    if (known) known.add(type);
    else possible.set(abstract, new Set([abstract, type]));
  };
  for (const { kind, type, typeName } of parts) {
    if (kind !== 'type') continue;
    if ('interfaces' in type) for (const one of type.interfaces ?? []) add(one.name.value, typeName);
    if ('types' in type) for (const member of type.types ?? []) add(typeName, member.name.value);
  }
  return possible;
}

function* partsOf(subgraph: LintedSubgraph): Generator<SchemaPart> {
  const roots = rootNames(subgraph.document);
  for (const type of subgraph.document.definitions) {
    if (!isTypeNode(type) || isOfFederation(type.name.value)) continue;
    const root = roots.get(type.name.value) ?? null;
    const typeName = root ?? type.name.value;
    const part = { subgraph, typeName, type, root };
    yield { ...part, kind: 'type', coordinate: typeName, node: type };
    if ('fields' in type)
      for (const node of type.fields ?? []) {
        const coordinate = `${typeName}.${node.name.value}`;
        if (node.kind === Kind.INPUT_VALUE_DEFINITION) yield { ...part, kind: 'inputField', coordinate, node };
        else if (!isOfFederation(node.name.value)) {
          const field: FieldPart = { ...part, kind: 'field', coordinate, node };
          yield field;
          for (const argument of node.arguments ?? [])
            yield {
              ...part,
              kind: 'argument',
              coordinate: `${coordinate}(${argument.name.value}:)`,
              node: argument,
              field,
            };
        }
      }
    if ('values' in type)
      for (const node of type.values ?? [])
        yield { ...part, kind: 'enumValue', coordinate: `${typeName}.${node.name.value}`, node };
  }
}

const TYPE_KINDS: ReadonlySet<string> = new Set([
  Kind.SCALAR_TYPE_DEFINITION,
  Kind.OBJECT_TYPE_DEFINITION,
  Kind.INTERFACE_TYPE_DEFINITION,
  Kind.UNION_TYPE_DEFINITION,
  Kind.ENUM_TYPE_DEFINITION,
  Kind.INPUT_OBJECT_TYPE_DEFINITION,
  Kind.SCALAR_TYPE_EXTENSION,
  Kind.OBJECT_TYPE_EXTENSION,
  Kind.INTERFACE_TYPE_EXTENSION,
  Kind.UNION_TYPE_EXTENSION,
  Kind.ENUM_TYPE_EXTENSION,
  Kind.INPUT_OBJECT_TYPE_EXTENSION,
]);
const isTypeNode = (node: { readonly kind: string }): node is TypeNodeOf => TYPE_KINDS.has(node.kind);

/** `_Service`, `_entities`, `federation__FieldSet`: not the team's to name. */
const isOfFederation = (name: string): boolean => name.startsWith('_') || name.includes('__');

const ROOTS = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' } as const;

function rootNames({ definitions }: DocumentNode): ReadonlyMap<string, RootName> {
  const named = definitions.flatMap((definition): [string, RootName][] =>
    definition.kind === Kind.SCHEMA_DEFINITION || definition.kind === Kind.SCHEMA_EXTENSION
      ? (definition.operationTypes ?? []).map(({ operation, type }) => [type.name.value, ROOTS[operation]])
      : [],
  );
  const taken = new Set(named.map(([, root]) => root));
  return new Map([
    ...Object.values(ROOTS).flatMap((root): [string, RootName][] => (taken.has(root) ? [] : [[root, root]])),
    ...named,
  ]);
}

/** True for `type …`, `enum …`; false for `extend type …`. */
export const isDefinition = ({ node }: TypePart): boolean => node.kind.endsWith('Definition');

/** A directive of federation on a type or a field, each time it is applied. */
export const applied = ({ subgraph, node }: SchemaPart, directive: string): readonly ConstDirectiveNode[] =>
  node.directives?.filter(({ name }) => name.value === subgraph.federationName(directive)) ?? [];

/** The value of a string argument, or null. */
export function textOf({ arguments: given = [] }: ConstDirectiveNode, argument: string): string | null {
  const value = given.find(({ name }) => name.value === argument)?.value;
  return value?.kind === Kind.STRING ? value.value : null;
}

/** Of `Type @key(fields: "id organization { id }")`: `['id', 'organization']`, for each key. */
export function keysOf(type: TypePart): readonly (readonly string[])[] {
  return applied(type, 'key').flatMap((directive) => {
    const fields = textOf(directive, 'fields');
    return fields === null ? [] : [topLevelFields(fields)];
  });
}

function topLevelFields(selection: string): readonly string[] {
  try {
    const [definition] = parse(`{ ${selection} }`, { noLocation: true }).definitions;
    if (definition?.kind !== Kind.OPERATION_DEFINITION) return [];
    return definition.selectionSet.selections
      .filter((one): one is FieldNode => one.kind === Kind.FIELD)
      .map(({ name }) => name.value);
  } catch {
    return []; // composition says what is wrong with it
  }
}

/** An object or interface that is told from others of its type: it has a key, or an id. */
export const isEntity = (graph: LintedGraph, typeName: string): boolean =>
  graph.at(typeName).some((part) => part.kind === 'type' && applied(part, 'key').length > 0) ||
  graph.fieldsOf(typeName).some(({ node, root }) => root === null && node.name.value === 'id');

export function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}

export function isList(type: TypeNode): boolean {
  if (type.kind === Kind.LIST_TYPE) return true;
  return type.kind === Kind.NON_NULL_TYPE && isList(type.type);
}

export const isNonNull = (type: TypeNode): boolean => type.kind === Kind.NON_NULL_TYPE;

const WORDS = {
  type: 'The type',
  field: 'The field',
  argument: 'The argument',
  inputField: 'The input field',
  enumValue: 'The value',
} as const;

/** ``The field `Note.text` ``, to begin a sentence with. */
export const inWords = ({ kind, coordinate }: SchemaPart): string => `${WORDS[kind]} \`${coordinate}\``;
