import { Kind, parse, type FieldDefinitionNode, type ObjectTypeDefinitionNode, type TypeNode } from 'graphql';

const ROOTS: readonly string[] = ['Query', 'Mutation', 'Subscription'];

type Described = { readonly description?: unknown };

/**
 * What a product's schema.graphql, as it is written, does other than every other product's; each a sentence.
 * `plainLists`: of the fixture.
 */
export function judgeSchema(sdl: string, plainLists: Readonly<Record<string, string>> = {}): string[] {
  const { definitions } = parse(sdl);
  const objects = new Map(
    definitions.flatMap((each) =>
      each.kind === Kind.OBJECT_TYPE_DEFINITION ? [[each.name.value, each] as const] : [],
    ),
  );
  const composites = new Set(
    definitions.flatMap((each) =>
      each.kind === Kind.OBJECT_TYPE_DEFINITION ||
      each.kind === Kind.INTERFACE_TYPE_DEFINITION ||
      each.kind === Kind.UNION_TYPE_DEFINITION
        ? [each.name.value]
        : [],
    ),
  );
  const findings: string[] = [];
  const needsDescription = (what: string, { description }: Described) => {
    if (!description) findings.push(`${what} has no description.`);
  };

  for (const definition of definitions) {
    if (!('name' in definition) || !definition.name) continue;
    const name = definition.name.value;
    if (!ROOTS.includes(name) && 'description' in definition) needsDescription(name, definition);
    if ('values' in definition)
      for (const value of definition.values ?? []) needsDescription(`${name}.${value.name.value}`, value);
    if (!('fields' in definition)) continue;
    for (const field of definition.fields ?? []) {
      needsDescription(`${name}.${field.name.value}`, field);
      if (!('arguments' in field)) continue;
      for (const argument of field.arguments ?? [])
        // The one argument of a mutation is described by its type.
        if (name !== 'Mutation') needsDescription(`${name}.${field.name.value}(${argument.name.value}:)`, argument);
    }
  }

  const fieldsOf = (type: string): readonly FieldDefinitionNode[] => objects.get(type)?.fields ?? [];
  for (const root of ROOTS)
    for (const { name, type } of fieldsOf(root))
      if (type.kind === Kind.NON_NULL_TYPE)
        findings.push(`${root}.${name.value} is never null: whoever may not see it would lose the rest of the answer.`);
  for (const { name, arguments: args = [] } of fieldsOf('Mutation')) {
    const takesOneInput =
      args.length === 1 && args[0]!.name.value === 'input' && args[0]!.type.kind === Kind.NON_NULL_TYPE;
    if (args.length && !takesOneInput)
      findings.push(`Mutation.${name.value} takes something other than one input: …!.`);
  }

  const isConnectionPart = (type: string): boolean => /(Connection|Edge)$/.test(type);
  const excused = new Set(Object.keys(plainLists));
  for (const [type, { fields = [] }] of objects) {
    for (const field of fields) {
      const path = `${type}.${field.name.value}`;
      const named = namedIn(field.type);
      if (composites.has(named) && isList(field.type) && !isConnectionPart(type) && !excused.delete(path))
        findings.push(
          `${path} is a list of ${named} without an end: make it a connection, or name it in plainLists of the fixture, with the reason why it stays short.`,
        );
      if (named.endsWith('Connection')) findings.push(...judgePaging(path, field));
    }
    if (type.endsWith('Connection')) findings.push(...judgeConnection(type, objects.get(type)!));
  }
  for (const path of excused) findings.push(`plainLists of the fixture names ${path}, which is no plain list.`);
  for (const [path, reason] of Object.entries(plainLists))
    if (!reason) findings.push(`plainLists of the fixture gives no reason for ${path}.`);
  return findings;
}

function judgePaging(path: string, { arguments: args = [] }: FieldDefinitionNode): string[] {
  const written = args.map(({ name, type }) => `${name.value}: ${namedIn(type)}`);
  return ['first: Int', 'after: String']
    .filter((each) => !written.includes(each))
    .map((each) => `${path} is a connection and does not take ${each}.`);
}

function judgeConnection(type: string, { fields = [] }: ObjectTypeDefinitionNode): string[] {
  const names = fields.map(({ name }) => name.value);
  return ['nodes', 'edges', 'pageInfo']
    .filter((each) => !names.includes(each))
    .map((each) => `${type} has no ${each}.`);
}

function isList(type: TypeNode): boolean {
  return type.kind === Kind.LIST_TYPE || (type.kind === Kind.NON_NULL_TYPE && isList(type.type));
}

function namedIn(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedIn(type.type);
}
