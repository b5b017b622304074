import {
  Kind,
  print,
  stripIgnoredCharacters,
  visit,
  type ConstArgumentNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type FieldNode,
  type SelectionSetNode,
  type StringValueNode,
} from 'graphql';
import { isJoinField } from '../../supergraph/join-directives.js';
import { dropIdleExternals } from './drop-idle-externals.js';
import { fieldSetsIn, mentionsIn, type FieldSet } from './field-sets.js';
import type { RequiredVariant, RequiredVariants } from './required-variant.js';
import { SupergraphTypes, type FieldsDefinition } from './supergraph-types.js';

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
  const concerned = [...variants].flatMap(([name, { fieldName }]) => [name, fieldName]);
  return { supergraph: dropIdleExternals(separated, new Set(concerned)), variants };
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
  directives: directives.filter(isJoinField),
});
