import { readFileSync } from 'node:fs';
import { GraphQLError, Kind, parse, print, visit, type DefinitionNode, type DocumentNode } from 'graphql';

const SHARED: ReadonlyMap<string, DefinitionNode> = new Map(
  parse(readFileSync(new URL('./shared.graphql', import.meta.url), 'utf8')).definitions.map((definition) => [
    (definition as { name: { value: string } }).name.value,
    definition,
  ]),
);

/** What `shared.graphql` defines: a product uses these, and defines none of them. */
export const SHARED_NAMES: ReadonlySet<string> = new Set(SHARED.keys());

/** What a product's schema may use without writing the federation header itself. */
const FEDERATION_LINK = parse(`extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [
  "@key", "@shareable", "@external", "@requires", "@provides", "@override", "@inaccessible", "@tag", "@interfaceObject",
  "@authenticated", "@requiresScopes", "@policy", "@cost", "@listSize"
])`).definitions;

/**
 * A product's schema with what it refers to and leaves out: the shared scalars and types (only those it names, and what
 * they name), and the federation header. The result is a complete subgraph schema (Apollo Federation 2 subgraph spec).
 * Throws `GraphQLError`, with the place in `sdl`: it is not GraphQL, or its header lacks what the shared types need.
 */
export function completeSchema(sdl: string, file?: string): DocumentNode {
  const product = parse(sdl);
  return { kind: Kind.DOCUMENT, definitions: [...product.definitions, ...leftOutOf(product, sdl, file)] };
}

/**
 * `completeSchema` as text, for the composer. What is added stands behind the product's own text, so that a line and a
 * column of the product are the same in both.
 */
export function completeSchemaText(sdl: string, file?: string): string {
  const leftOut = leftOutOf(parse(sdl), sdl, file);
  return [sdl, ...leftOut.map((definition) => `${print(definition)}\n`)].join('\n');
}

/** The federation header and the shared definitions that belong to a product's schema and are not in it. */
function leftOutOf(product: DocumentNode, sdl: string, file?: string): readonly DefinitionNode[] {
  const defined = new Set(
    product.definitions.flatMap((definition) =>
      'name' in definition && definition.name ? [definition.name.value] : [],
    ),
  );
  const added = new Map<string, DefinitionNode>();

  const addNamedIn = (node: DocumentNode | DefinitionNode): void => {
    visit(node, {
      NamedType({ name: { value: name } }) {
        const shared = SHARED.get(name);
        if (!shared || defined.has(name) || added.has(name)) return;
        added.set(name, shared);
        addNamedIn(shared);
      },
    });
  };
  addNamedIn(product);

  const links = product.definitions.flatMap((definition) =>
    definition.kind === Kind.SCHEMA_EXTENSION || definition.kind === Kind.SCHEMA_DEFINITION
      ? (definition.directives?.filter(({ name }) => name.value === 'link') ?? [])
      : [],
  );
  if (
    links.length > 0 &&
    [...added.values()].some((definition) => print(definition).includes('@shareable')) &&
    !sdl.includes('"@shareable"')
  ) {
    throw new GraphQLError(
      `${file ?? 'The schema'} uses a shared type: import "@shareable" in its @link, or leave the @link out and the kit adds it.`,
      { nodes: links },
    );
  }
  return [...(links.length > 0 ? [] : FEDERATION_LINK), ...added.values()];
}
