import type { ConstDirectiveNode, DocumentNode, FieldDefinitionNode } from 'graphql';
import { isJoinField, nameIn, saysTrue } from '../../supergraph/join-directives.js';
import { fieldSetsIn, mentionsIn } from './field-sets.js';
import { hasFields, SupergraphTypes, type FieldsDefinition } from './supergraph-types.js';

/**
 * A subgraph must use what it declares `@external`. Where `@requires` was changed it may not any more, of the fields with
 * these names.
 */
export function dropIdleExternals(supergraph: DocumentNode, concerned: ReadonlySet<string>): DocumentNode {
  const types = new SupergraphTypes(supergraph);
  const used = new Set<string>();
  for (const fieldSet of fieldSetsIn(types))
    for (const { typeName, field } of mentionsIn(fieldSet, types))
      for (const type of types.alsoImplementing(typeName)) used.add(`${fieldSet.graph} ${type}.${field.name.value}`);

  const withoutIdle = (type: FieldsDefinition): FieldsDefinition => ({
    ...type,
    fields:
      type.fields?.map((field) => {
        if (!concerned.has(field.name.value)) return field;
        const isIdle = (directive: ConstDirectiveNode): boolean => {
          if (!isJoinField(directive) || !saysTrue(directive, 'external')) return false;
          const name = nameIn(directive, 'graph');
          return (
            !used.has(`${name} ${type.name.value}.${field.name.value}`) && !servesInterface(type, field, name, types)
          );
        };
        return { ...field, directives: field.directives?.filter((directive) => !isIdle(directive)) ?? [] };
      }) ?? [],
  });
  return {
    ...supergraph,
    definitions: supergraph.definitions.map((definition) =>
      hasFields(definition) ? withoutIdle(definition) : definition,
    ),
  };
}

/** The subgraph has an interface there whose field this is. */
function servesInterface(
  type: FieldsDefinition,
  { name }: FieldDefinitionNode,
  graph: string,
  types: SupergraphTypes,
): boolean {
  return (type.directives ?? []).some((directive) => {
    if (directive.name.value !== 'join__implements' || nameIn(directive, 'graph') !== graph) return false;
    return types.field(nameIn(directive, 'interface'), name.value) !== undefined;
  });
}
