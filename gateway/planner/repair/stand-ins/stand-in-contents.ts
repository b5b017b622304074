import { Kind, type DocumentNode } from 'graphql';
import { nameIn } from '../../../supergraph/join-directives.js';
import { mentionsIn, type FieldSet } from '../field-sets.js';
import { namedType, type SupergraphTypes } from '../supergraph-types.js';
import { isServedBy, type ChainedLink } from './chained-links.js';

/** The types that a stand-in has of its subgraph, by name, with the fields that it has of each. */
export type StandInContents = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * What is needed to ask for the field, and for all of its value that is not reached by a key: of what has one, the rest is
 * asked of the subgraph itself.
 */
export function standInContents(
  { graph, fieldName, typeNames }: ChainedLink,
  { definitions }: DocumentNode,
  types: SupergraphTypes,
  allFieldSets: readonly FieldSet[],
): StandInContents {
  const contents = new Map<string, Set<string>>();
  const fieldSets = allFieldSets.filter((fieldSet) => fieldSet.graph === graph);
  const named = new Map(
    definitions.flatMap((definition) =>
      'name' in definition && definition.name ? [[definition.name.value, definition] as const] : [],
    ),
  );

  function addField(typeName: string, name: string): void {
    const fields = addType(typeName);
    if (fields.has(name)) return;
    fields.add(name);
    const field = types.field(typeName, name);
    if (!field) return;
    addType(namedType(field.type));
    for (const argument of field.arguments ?? []) addType(namedType(argument.type));
  }

  function addMentioned(mentioning: readonly FieldSet[]): void {
    for (const fieldSet of mentioning)
      for (const { typeName, field } of mentionsIn(fieldSet, types)) addField(typeName, field.name.value);
  }

  function addType(name: string): Set<string> {
    const known = contents.get(name);
    if (known) return known;
    const fields = new Set<string>();
    contents.set(name, fields);
    const definition = named.get(name);
    switch (definition?.kind) {
      case Kind.OBJECT_TYPE_DEFINITION: {
        const keys = keysOf(name);
        if (keys.length > 0) addMentioned(keys);
        else for (const field of types.fieldsOf(name)) if (isServedBy(graph, field)) addField(name, field.name.value);
        break;
      }
      case Kind.INTERFACE_TYPE_DEFINITION:
        addMentioned(keysOf(name));
        for (const type of types.implementingIn(graph, name)) addType(type);
        break;
      case Kind.UNION_TYPE_DEFINITION:
        for (const directive of definition.directives ?? [])
          if (directive.name.value === 'join__unionMember' && nameIn(directive, 'graph') === graph)
            addType(nameIn(directive, 'member'));
        break;
      case Kind.INPUT_OBJECT_TYPE_DEFINITION:
        for (const field of definition.fields ?? []) addType(namedType(field.type));
    }
    return fields;
  }
  const keysOf = (type: string): readonly FieldSet[] =>
    fieldSets.filter(({ kind, typeName }) => kind === 'key' && typeName === type);

  for (const typeName of typeNames) addField(typeName, fieldName);
  addMentioned(
    fieldSets.filter((one) => one.fieldName === fieldName && one.parentType !== null && typeNames.has(one.parentType)),
  );

  // An interface asks for no more than all who implement it have; where nobody does, it is one object type (`@interfaceObject`).
  for (const [name, fields] of contents) {
    const implementing = types.implementingIn(graph, name);
    for (const { name: field } of implementing.length > 0 ? types.fieldsOf(name) : [])
      if (implementing.every((type) => contents.get(type)?.has(field.value))) fields.add(field.value);
  }
  return contents;
}
