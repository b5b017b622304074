import type { FieldDefinitionNode } from 'graphql';
import { isJoinField, nameIn, saysTrue } from '../../../supergraph/join-directives.js';
import { mentionsIn, type FieldSet } from '../field-sets.js';
import type { SupergraphTypes } from '../supergraph-types.js';

/** A field that requires others and is itself required, of one subgraph: on each of the types that it is both on. */
export interface ChainedLink {
  /** The value of `join__Graph` that stands for the subgraph. */
  readonly graph: string;
  readonly fieldName: string;
  readonly typeNames: ReadonlySet<string>;
}

/** Those that can be taken out of their subgraph: nothing else there needs them. */
export function chainedLinks(fieldSets: readonly FieldSet[], types: SupergraphTypes): readonly ChainedLink[] {
  const required = new Set<string>();
  const needed = neededByInterfaces(types);
  for (const { kind, graph, parentType, fieldName } of fieldSets)
    if (kind === 'context') needed.add(`${graph} ${parentType}.${fieldName}`); // whose context is set there
  for (const fieldSet of fieldSets)
    for (const { typeName, field } of mentionsIn(fieldSet, types))
      for (const type of types.alsoImplementing(typeName)) {
        const name = `${type}.${field.name.value}`;
        if (fieldSet.kind === 'requires') required.add(name);
        else needed.add(`${fieldSet.graph} ${name}`);
      }

  const links = new Map<string, ChainedLink & { readonly typeNames: Set<string> }>();
  for (const { kind, graph, typeName, fieldName } of fieldSets) {
    if (kind !== 'requires' || fieldName === null) continue;
    const [field, ofGraph] = [`${typeName}.${fieldName}`, `${graph} ${fieldName}`];
    if (!required.has(field) || needed.has(`${graph} ${field}`)) continue;
    const link = links.get(ofGraph) ?? { graph, fieldName, typeNames: new Set() };
    links.set(ofGraph, link);
    link.typeNames.add(typeName);
  }
  return [...links.values()];
}

/** A type must have what its interfaces have in that subgraph. */
function neededByInterfaces(types: SupergraphTypes): Set<string> {
  const needed = new Set<string>();
  for (const { name, directives = [] } of types.withFields())
    for (const directive of directives) {
      if (directive.name.value !== 'join__implements') continue;
      const graph = nameIn(directive, 'graph');
      for (const field of types.fieldsOf(nameIn(directive, 'interface')))
        if (isServedBy(graph, field)) needed.add(`${graph} ${name.value}.${field.name.value}`);
    }
  return needed;
}

/** Whether a subgraph resolves a field of a type that it has. One of which no subgraph is named is of all that have its type. */
export function isServedBy(graph: string, { directives = [] }: FieldDefinitionNode): boolean {
  const joins = directives.filter(isJoinField);
  return joins.length === 0 || joins.some((join) => nameIn(join, 'graph') === graph && !saysTrue(join, 'external'));
}
