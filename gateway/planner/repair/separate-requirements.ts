import {
  Kind,
  print,
  stripIgnoredCharacters,
  visit,
  type ConstArgumentNode,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type FieldNode,
  type SelectionSetNode,
  type StringValueNode,
} from 'graphql';
import { argumentOf, fieldSetsIn, mentionsIn, type FieldSet } from './field-sets.js';
import type { RequiredVariant, RequiredVariants } from './required-variant.js';
import { hasFields, SupergraphTypes, type FieldsDefinition } from './supergraph-types.js';

export interface SeparatedRequirements {
  readonly supergraph: DocumentNode;
  /** Empty when nothing had to be separated. */
  readonly variants: RequiredVariants;
}

/**
 * Where two `@requires` ask for a field with different arguments, `@apollo/query-planner` fetches it once, with the arguments
 * of either, and hands that value to both. So every set of arguments but the first becomes a field of its own without
 * arguments: `price(currency: "EUR")` is `price__1` to the planner. `fetchVariants` undoes it in the plan.
 */
export function separateRequirements(supergraph: DocumentNode): SeparatedRequirements {
  const types = new SupergraphTypes(supergraph);
  const fieldSets = [...fieldSetsIn(types)].filter(({ kind }) => kind !== 'provides');
  const { names, variants } = nameVariants(fieldSets, types);
  if (variants.size === 0) return { supergraph, variants };

  const texts = new Map<StringValueNode, string>();
  const variantsOn = new Map<string, Set<string>>();
  for (const fieldSet of fieldSets) {
    const renamed = renameVariants(fieldSet.selectionSet, names);
    if (renamed === fieldSet.selectionSet) continue;
    texts.set(fieldSet.source, textOf(renamed, fieldSet.kind));
    for (const { typeName, field } of mentionsIn(fieldSet, types)) {
      const name = names.get(callOf(field));
      if (name === undefined) continue;
      for (const type of types.alsoImplementing(typeName))
        variantsOn.set(type, (variantsOn.get(type) ?? new Set<string>()).add(name));
    }
  }

  const withVariants = (type: FieldsDefinition): FieldsDefinition | undefined => {
    const added = [...(variantsOn.get(type.name.value) ?? [])].flatMap((name) => {
      const field = types.field(type.name.value, variants.get(name)!.fieldName);
      return field ? [withoutArguments(name, field)] : [];
    });
    return added.length === 0 ? undefined : { ...type, fields: [...(type.fields ?? []), ...added] };
  };
  const separated: DocumentNode = visit(supergraph, {
    ObjectTypeDefinition: withVariants,
    InterfaceTypeDefinition: withVariants,
    StringValue(node) {
      const value = texts.get(node);
      return value === undefined ? undefined : { ...node, value, block: false };
    },
  });
  return { supergraph: dropIdleExternals(separated, variants), variants };
}

interface NamedVariants {
  /** By `callOf`. */
  readonly names: ReadonlyMap<string, string>;
  readonly variants: RequiredVariants;
}

function nameVariants(fieldSets: readonly FieldSet[], types: SupergraphTypes): NamedVariants {
  const calls = new Map<string, Map<string, FieldNode>>();
  const used = new Set([...types.withFields()].flatMap(({ fields = [] }) => fields.map(({ name }) => name.value)));
  for (const fieldSet of fieldSets)
    for (const { field } of mentionsIn(fieldSet, types)) {
      const known = calls.get(field.name.value) ?? new Map<string, FieldNode>();
      calls.set(field.name.value, known.set(callOf(field), field));
    }
  const names = new Map<string, string>();
  const variants = new Map<string, RequiredVariant>();
  for (const [fieldName, known] of calls) {
    // One without arguments keeps the name: it may be a key's, and a key has to be called what it is.
    const [, ...others] = [...known].sort(([, one], [, other]) => argumentsOf(one).length - argumentsOf(other).length);
    let number = 0;
    for (const [call, field] of others) {
      let name: string;
      do name = `${fieldName}__${++number}`;
      while (used.has(name));
      names.set(call, name);
      variants.set(name, { fieldName, arguments: argumentsOf(field) });
    }
  }
  return { names, variants };
}

/** Equal for the same field with the same arguments, in whatever order they are written. */
function callOf(field: FieldNode): string {
  const given = argumentsOf(field).map((argument) => stripIgnoredCharacters(print(argument)));
  return `${field.name.value}(${given.sort().join(' ')})`;
}

/** A field set has no variables. */
const argumentsOf = ({ arguments: given = [] }: FieldNode): readonly ConstArgumentNode[] =>
  given as readonly ConstArgumentNode[];

const renameVariants = (selectionSet: SelectionSetNode, names: ReadonlyMap<string, string>): SelectionSetNode =>
  visit(selectionSet, {
    Field(field) {
      const value = names.get(callOf(field));
      return value === undefined ? undefined : { ...field, name: { kind: Kind.NAME, value }, arguments: [] };
    },
  });

/** `@fromContext` keeps its braces, the others have none. */
function textOf(selectionSet: SelectionSetNode, kind: FieldSet['kind']): string {
  const text = stripIgnoredCharacters(print(selectionSet));
  return kind === 'context' ? text : text.slice(1, -1);
}

/** Where the planner may fetch it is decided as for the field itself. */
const withoutArguments = (
  value: string,
  { kind, type, directives = [] }: FieldDefinitionNode,
): FieldDefinitionNode => ({
  kind,
  name: { kind: Kind.NAME, value },
  type,
  directives: directives.filter(({ name }) => name.value === 'join__field'),
});

/** A subgraph must use what it declares `@external`, and may now use a variant in place of the field, or the other way round. */
function dropIdleExternals(supergraph: DocumentNode, variants: RequiredVariants): DocumentNode {
  const types = new SupergraphTypes(supergraph);
  const concerned = new Set([...variants].flatMap(([name, { fieldName }]) => [name, fieldName]));
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
          const external = directive.name.value === 'join__field' ? argumentOf(directive, 'external') : undefined;
          if (external?.kind !== Kind.BOOLEAN || !external.value) return false;
          const graph = argumentOf(directive, 'graph');
          const name = graph?.kind === Kind.ENUM ? graph.value : '';
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
    const [at, implemented] = [argumentOf(directive, 'graph'), argumentOf(directive, 'interface')];
    if (directive.name.value !== 'join__implements' || at?.kind !== Kind.ENUM || at.value !== graph) return false;
    return implemented?.kind === Kind.STRING && types.field(implemented.value, name.value) !== undefined;
  });
}
