import { applied, inWords, namedType, type FieldPart, type LintedGraph } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';
import { findLeaks, type LeakType } from '../leak/find-leaks.js';
import { ownedTypes } from '../leak/owned-types.js';

export const tenantOwnedBehindATenant: LintRule = {
  name: 'tenant-owned-behind-a-tenant',
  says: "No type whose objects are a tenant's is reached through the fields that are open to anybody.",
  reason:
    "A public field is answered without a token, so for no tenant: what it leads to must be nobody's, or everybody's.",
  severity: 'error',
  *find(graph) {
    const owned = ownedTypes(graph);
    const types = leakTypes(graph);
    const roots = ['Query', 'Mutation', 'Subscription'];
    for (const [typeName, way] of findLeaks({ types, roots, owned: new Set(owned.keys()) })) {
      const part = openedAt(graph, way.at(-1)!);
      const at = graph.at(typeName).find(({ subgraph }) => subgraph === part.subgraph) ?? graph.at(typeName)[0];
      yield {
        part,
        message: `${inWords(part)} is public and shows \`${typeName}\` to callers without a tenant (${way.join(' → ')}). Its objects are a tenant's: they are ${owned.get(typeName)!}.`,
        repair: `Take it out of publicFields of "${part.subgraph.name}", or let it answer something that is no tenant's.`,
        ...(at && { alsoAt: [at] }),
      };
    }
  },
  *unjudged({ subgraphs, products }) {
    for (const { name } of subgraphs) {
      const facts = products.get(name);
      if (!facts)
        yield {
          subgraph: name,
          message: `Nobody can say which fields of "${name}" are public: there is no declaration of it.`,
          repair: `Name its module under products.${name} in supergraph.yaml if it is written with the kit; else see that it verifies x-inevitable-context.`,
        };
      else if (facts.database && facts.database.prismaSchema === null && facts.publicFields.length > 0)
        yield {
          subgraph: name,
          message: `Which types of "${name}" are rows of a tenant cannot be said: its Prisma schema is not there. Its entities are taken for a tenant's.`,
        };
    }
  },
};

function leakTypes(graph: LintedGraph): ReadonlyMap<string, LeakType> {
  const types = new Map<string, { fields: Map<string, { returns: string; isPublic: boolean }>; possible: string[] }>();
  const typeOf = (name: string) => {
    let type = types.get(name);
    if (!type) types.set(name, (type = { fields: new Map(), possible: [] }));
    return type;
  };
  for (const part of graph.parts) {
    if (part.kind === 'type') typeOf(part.typeName);
    if (part.kind !== 'field') continue;
    const { fields } = typeOf(part.typeName);
    const name = part.node.name.value;
    const isPublic = isOpened(graph, part) || fields.get(name)?.isPublic === true;
    fields.set(name, { returns: namedType(part.node.type), isPublic });
  }
  for (const [name, type] of types)
    for (const possible of graph.possibleTypes(name)) if (possible !== name) type.possible.push(possible);
  // An object that stands for an interface (`@interfaceObject`) gives its fields to all that implement it.
  for (const part of graph.parts)
    if (part.kind === 'type' && applied(part, 'interfaceObject').length > 0)
      for (const implementer of types.get(part.typeName)!.possible)
        for (const [name, field] of types.get(part.typeName)!.fields)
          if (field.isPublic) typeOf(implementer).fields.set(name, field);
  return types;
}

/** Under the name its type has in its own schema, which a root type may have changed. */
function isOpened({ products }: LintedGraph, { subgraph, type, node }: FieldPart): boolean {
  const open = products.get(subgraph.name)?.publicFields ?? [];
  return open.includes(`${type.name.value}.${node.name.value}`) || open.includes(`${type.name.value}.*`);
}

/** The field as the subgraph has it that opens it: that of an interface object stands at the interface. */
function openedAt(graph: LintedGraph, coordinate: string): FieldPart {
  const isOpen = (part: { kind: string }): part is FieldPart =>
    part.kind === 'field' && isOpened(graph, part as FieldPart);
  const here = graph.at(coordinate).find(isOpen);
  if (here) return here;
  const name = coordinate.split('.')[1]!;
  const elsewhere = graph.parts.find((part) => isOpen(part) && part.node.name.value === name);
  return elsewhere as FieldPart;
}
