import {
  Kind,
  parse,
  print,
  visit,
  type ConstDirectiveNode,
  type FieldDefinitionNode,
  type InterfaceTypeDefinitionNode,
  type ObjectTypeDefinitionNode,
  type SelectionSetNode,
  type UnionTypeDefinitionNode,
} from 'graphql';
import { use } from './operation-uses.js';

/** A type with fields, or a union, as the supergraph defines it. */
interface PlannedType {
  readonly name: string;
  /** All but its fields: its keys in each subgraph, what it implements, what it is made of. */
  readonly header: string;
  readonly isRoot: boolean;
  readonly fields: ReadonlyMap<string, PlannedField>;
  /** Interfaces of an object; objects of an interface or union. */
  readonly related: ReadonlySet<string>;
  /** `Type.field` of every field that one of its keys holds. */
  readonly keyFields: readonly string[];
}

interface PlannedField {
  readonly text: string;
  /** The named type. */
  readonly type: string;
  /** `Type.field` of what it requires. */
  readonly required: readonly string[];
  /** Its argument comes from somewhere above (`@fromContext`). */
  readonly readsContext: boolean;
}

type PlannedTypes = ReadonlyMap<string, PlannedType>;

const ROOTS: ReadonlySet<string> = new Set(['Query', 'Mutation', 'Subscription']);

/**
 * The keys (see `operation-uses.ts`) of the fields whose plan may differ between two supergraphs: the field itself, the
 * keys of its type or of the type it answers with, or what any of these requires is defined otherwise. A field of an
 * interface also depends on the objects' own. Where a subgraph runs does not count, nor does a new one without a part in it.
 */
export function replannedFields(baseSdl: string, candidateSdl: string): ReadonlySet<string> {
  const [base, candidate] = [typesIn(baseSdl), typesIn(candidateSdl)];
  const headers = new Set<string>();
  const fields = new Set<string>();
  for (const [name, type] of base) {
    const now = candidate.get(name);
    if (!now || (!type.isRoot && now.header !== type.header)) headers.add(name);
    for (const [field, { text }] of type.fields)
      if (now?.fields.get(field)?.text !== text) fields.add(use.field(name, field));
  }
  if (headers.size === 0 && fields.size === 0) return fields;

  const reaches = dependencies(base, headers, fields);
  const replanned = new Set<string>();
  for (const [name, type] of base)
    for (const [field, { type: answer, readsContext }] of type.fields) {
      const places = [name, ...type.related].map((owner) => ({ owner, key: use.field(owner, field) }));
      const answers = [answer, ...(base.get(answer)?.related ?? [])];
      if (
        readsContext ||
        places.some(({ owner, key }) => headers.has(owner) || reaches(key)) ||
        answers.some((one) => headers.has(one) || base.get(one)?.keyFields.some(reaches))
      )
        replanned.add(use.field(name, field));
    }
  return replanned;
}

/** Whether a field, or anything that its type's keys and its own `@requires` lead to, is among what changed. */
function dependencies(
  types: PlannedTypes,
  headers: ReadonlySet<string>,
  fields: ReadonlySet<string>,
): (coordinate: string) => boolean {
  const known = new Map<string, boolean>();
  const reaches = (coordinate: string): boolean => {
    const seen = known.get(coordinate);
    if (seen !== undefined) return seen;
    known.set(coordinate, false); // keys may lead in a circle
    const [owner = '', name = ''] = coordinate.split('.');
    const type = types.get(owner);
    const found =
      fields.has(coordinate) ||
      headers.has(owner) ||
      [...(type?.keyFields ?? []), ...(type?.fields.get(name)?.required ?? [])].some(reaches);
    known.set(coordinate, found);
    return found;
  };
  return reaches;
}

function typesIn(sdl: string): PlannedTypes {
  const nodes = parse(sdl, { noLocation: true }).definitions.flatMap((node) =>
    node.kind === Kind.OBJECT_TYPE_DEFINITION ||
    node.kind === Kind.INTERFACE_TYPE_DEFINITION ||
    node.kind === Kind.UNION_TYPE_DEFINITION
      ? [asPlanned(node)]
      : [],
  );
  const fieldTypes = new Map(nodes.map((node) => [node.name.value, fieldTypesOf(node)]));
  const related = new Map<string, Set<string>>(nodes.map(({ name }) => [name.value, new Set()]));
  const relate = (left: string, right: string): void => {
    related.get(left)?.add(right);
    related.get(right)?.add(left);
  };
  for (const node of nodes) {
    if (node.kind === Kind.UNION_TYPE_DEFINITION)
      node.types?.forEach(({ name }) => relate(node.name.value, name.value));
    else node.interfaces?.forEach(({ name }) => relate(node.name.value, name.value));
  }
  const coordinatesIn = (type: string, selection: string | null): readonly string[] =>
    selection === null ? [] : coordinatesOf(type, parseSelection(selection), fieldTypes);

  return new Map(
    nodes.map((node) => {
      const name = node.name.value;
      const fields = node.kind === Kind.UNION_TYPE_DEFINITION ? [] : (node.fields ?? []);
      return [
        name,
        {
          name,
          header: print(node.kind === Kind.UNION_TYPE_DEFINITION ? node : { ...node, fields: [] }),
          isRoot: ROOTS.has(name),
          related: related.get(name)!,
          keyFields: textsOf(node.directives, 'join__type', 'key').flatMap((key) => coordinatesIn(name, key)),
          fields: new Map(
            fields.map((field) => [
              field.name.value,
              {
                text: print(field),
                type: namedType(field),
                required: textsOf(field.directives, 'join__field', 'requires').flatMap((set) =>
                  coordinatesIn(name, set),
                ),
                readsContext: print(field).includes('contextArguments:'),
              },
            ]),
          ),
        },
      ];
    }),
  );
}

type TypeNode = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | UnionTypeDefinitionNode;

/** Without what no plan depends on. */
const asPlanned = (node: TypeNode): TypeNode =>
  visit(node, {
    enter: (inner) => {
      if (inner.kind === Kind.DIRECTIVE && UNPLANNED.has(inner.name.value)) return null;
      return 'description' in inner ? { ...inner, description: undefined } : undefined;
    },
  });

/** Who may see it, what it costs, what people are to know of it. Under another name such a directive counts as a change. */
const UNPLANNED: ReadonlySet<string> = new Set([
  'authenticated',
  'requiresScopes',
  'policy',
  'cost',
  'listSize',
  'tag',
  'deprecated',
]);

function fieldTypesOf(node: TypeNode): ReadonlyMap<string, string> {
  const fields = node.kind === Kind.UNION_TYPE_DEFINITION ? [] : (node.fields ?? []);
  return new Map(fields.map((field) => [field.name.value, namedType(field)]));
}

function namedType({ type }: FieldDefinitionNode): string {
  let inner = type;
  while (inner.kind !== Kind.NAMED_TYPE) inner = inner.type;
  return inner.name.value;
}

/** The texts that applications of a directive give for an argument. */
function textsOf(
  directives: readonly ConstDirectiveNode[] | undefined,
  directive: string,
  argument: string,
): readonly string[] {
  return (directives ?? [])
    .filter(({ name }) => name.value === directive)
    .flatMap(({ arguments: given }) => given ?? [])
    .flatMap(({ name, value }) => (name.value === argument && value.kind === Kind.STRING ? [value.value] : []));
}

function parseSelection(fieldSet: string): SelectionSetNode {
  const [definition] = parse(`{ ${fieldSet} }`, { noLocation: true }).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`"${fieldSet}" is not a selection of fields.`);
  return definition.selectionSet;
}

function coordinatesOf(
  type: string,
  { selections }: SelectionSetNode,
  fieldTypes: ReadonlyMap<string, ReadonlyMap<string, string>>,
): readonly string[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.INLINE_FRAGMENT)
      return coordinatesOf(selection.typeCondition?.name.value ?? type, selection.selectionSet, fieldTypes);
    if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
    const below = fieldTypes.get(type)?.get(selection.name.value);
    return [
      use.field(type, selection.name.value),
      ...(selection.selectionSet && below ? coordinatesOf(below, selection.selectionSet, fieldTypes) : []),
    ];
  });
}
