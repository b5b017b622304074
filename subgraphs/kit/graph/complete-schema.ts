import { readFileSync } from 'node:fs';
import { Kind, parse, print, visit, type DefinitionNode, type DocumentNode } from 'graphql';

const SHARED: ReadonlyMap<string, DefinitionNode> = new Map(
  parse(readFileSync(new URL('./shared.graphql', import.meta.url), 'utf8')).definitions.map((definition) => [
    (definition as { name: { value: string } }).name.value,
    definition,
  ]),
);

/** What a product's schema may use without writing the federation header itself. */
const FEDERATION_LINK = parse(`extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [
  "@key", "@shareable", "@external", "@requires", "@provides", "@override", "@inaccessible", "@tag", "@interfaceObject",
  "@authenticated", "@requiresScopes", "@policy"
])`).definitions;

/**
 * A product's schema with what it refers to and leaves out: the shared scalars and types (only those it names, and what
 * they name), and the federation header. The result is a complete subgraph schema (Apollo Federation 2 subgraph spec).
 */
export function completeSchema(sdl: string, file?: string): DocumentNode {
  const product = parse(sdl, { noLocation: false });
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

  const linked = product.definitions.some(
    (definition) =>
      (definition.kind === Kind.SCHEMA_EXTENSION || definition.kind === Kind.SCHEMA_DEFINITION) &&
      definition.directives?.some(({ name }) => name.value === 'link'),
  );
  if (
    linked &&
    [...added.values()].some((definition) => print(definition).includes('@shareable')) &&
    !sdl.includes('"@shareable"')
  ) {
    throw new Error(
      `${file ?? 'The schema'} uses a shared type: import "@shareable" in its @link, or leave the @link out and the kit adds it.`,
    );
  }
  return {
    kind: Kind.DOCUMENT,
    definitions: [...(linked ? [] : FEDERATION_LINK), ...product.definitions, ...added.values()],
  };
}

/** `completeSchema` as text, for the composer. */
export const completeSchemaText = (sdl: string, file?: string): string => print(completeSchema(sdl, file));
