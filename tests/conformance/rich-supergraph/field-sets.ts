import {
  Kind,
  parse,
  visit,
  type ConstDirectiveNode,
  type FieldNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { FEDERATION, type Entity } from '../graphql-subgraph.js';

/** What the federation directives of one subgraph say about its fields. */
export interface FieldSets {
  /** The keys of a type. */
  keys(type: string): readonly SelectionSetNode[];
  required(type: string, field: string): SelectionSetNode | undefined;
  /** The arguments of a field that come from a context. */
  contextual(type: string, field: string): readonly string[];
  isInterface(type: string): boolean;
  isExternal(type: string, field: string): boolean;
  isProvided(field: string): boolean;
  /**
   * Every field name that a key, `@requires`, `@provides` or `@fromContext` mentions, and every one that is shared or
   * belongs to an interface object.
   */
  readonly mentioned: ReadonlySet<string>;
}

const known = new Map<string, FieldSets>();

export function fieldSetsOf(sdl: string): FieldSets {
  let sets = known.get(sdl);
  if (!sets) known.set(sdl, (sets = readFieldSets(sdl)));
  return sets;
}

function readFieldSets(sdl: string): FieldSets {
  const keys = new Map<string, SelectionSetNode[]>();
  const required = new Map<string, SelectionSetNode>();
  const contextual = new Map<string, string[]>();
  const interfaces = new Set<string>();
  const external = new Set<string>();
  const provided = new Set<string>();
  const mentioned = new Set<string>();

  for (const definition of parse(FEDERATION + sdl).definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    const type = definition.name.value;
    if (definition.kind === Kind.INTERFACE_TYPE_DEFINITION) interfaces.add(type);
    keys.set(type, all(definition.directives, 'key').map(fieldSet));
    const shared = ['shareable', 'interfaceObject'].some((name) => all(definition.directives, name).length > 0);
    for (const field of definition.fields ?? []) {
      const name = field.name.value;
      for (const directive of all(field.directives, 'requires')) required.set(`${type}.${name}`, fieldSet(directive));
      for (const directive of all(field.directives, 'provides'))
        namesIn(fieldSet(directive)).forEach((one) => provided.add(one));
      if (all(field.directives, 'external').length > 0) external.add(`${type}.${name}`);
      if (shared || all(field.directives, 'shareable').length > 0) mentioned.add(name);
      for (const argument of field.arguments ?? [])
        for (const directive of all(argument.directives, 'fromContext')) {
          contextual.set(`${type}.${name}`, [...(contextual.get(`${type}.${name}`) ?? []), argument.name.value]);
          namesIn(fieldSet(directive)).forEach((one) => mentioned.add(one));
        }
    }
  }
  for (const set of [...[...keys.values()].flat(), ...required.values()])
    namesIn(set).forEach((one) => mentioned.add(one));
  for (const one of provided) mentioned.add(one);
  return {
    keys: (type) => keys.get(type) ?? [],
    required: (type, field) => required.get(`${type}.${field}`),
    contextual: (type, field) => contextual.get(`${type}.${field}`) ?? [],
    isInterface: (type) => interfaces.has(type),
    isExternal: (type, field) => external.has(`${type}.${field}`),
    isProvided: (field) => provided.has(field),
    mentioned,
  };
}

const all = (directives: readonly ConstDirectiveNode[] | undefined, name: string) =>
  (directives ?? []).filter((directive) => directive.name.value === name);

/** The selection a directive holds: `fields: "id name"` or `field: "$context { name }"`. */
function fieldSet(directive: ConstDirectiveNode): SelectionSetNode {
  const value = directive.arguments?.[0]?.value;
  const text = value?.kind === Kind.STRING ? value.value.replace(/^\s*\$\w+/, '') : '';
  const { definitions } = parse(text.trim().startsWith('{') ? text : `{ ${text} }`);
  return (definitions[0] as OperationDefinitionNode).selectionSet;
}

function namesIn(selectionSet: SelectionSetNode): string[] {
  const names: string[] = [];
  visit(selectionSet, { Field: ({ name }) => void names.push(name.value) });
  return names;
}

/** The first field of the set that the value does not have at all; null there counts as had. Null when it has all. */
export function missingFrom(value: unknown, selectionSet: SelectionSetNode): string | null {
  if (value === null) return null;
  if (Array.isArray(value)) {
    for (const one of value) {
      const missing = missingFrom(one, selectionSet);
      if (missing !== null) return missing;
    }
    return null;
  }
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
    const missing =
      selection.kind === Kind.FIELD
        ? missingField(value as Entity, selection)
        : selection.typeCondition?.name.value === (value as Entity).__typename
          ? missingFrom(value, selection.selectionSet)
          : null;
    if (missing !== null) return missing;
  }
  return null;
}

function missingField(value: Entity, { name, selectionSet }: FieldNode): string | null {
  const inner = value[name.value];
  if (inner === undefined) return name.value;
  return selectionSet ? missingFrom(inner, selectionSet) : null;
}
