import { composeServices } from '@apollo/composition';
import { ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals';
import { GraphQLError, Kind, parse, Source, type ASTNode, type DocumentNode, type GraphQLSchema } from 'graphql';

export interface SubgraphSource {
  readonly name: string;
  readonly routingUrl: string;
  readonly sdl: string;
}

/** Line and column count from 1 in the subgraph's SDL. Both are absent where only the subgraph is known. */
export interface CompositionPlace {
  readonly subgraph: string;
  readonly line?: number;
  readonly column?: number;
}

/** Why a composition failed. Subgraph, line and column are those of the first place. */
export interface CompositionError extends Partial<CompositionPlace> {
  readonly code: string;
  readonly message: string;
  /** The further places it speaks of: where the other subgraphs define the same thing. */
  readonly alsoAt?: readonly CompositionPlace[];
}

/** What is odd about subgraphs that compose. `warn` asks for a look, `info` and `debug` are worth knowing. */
export interface CompositionHint extends CompositionError {
  readonly level: 'warn' | 'info' | 'debug';
}

export type Composition =
  | { readonly kind: 'composed'; readonly sdl: string; readonly hints: readonly CompositionHint[] }
  | { readonly kind: 'failed'; readonly errors: readonly CompositionError[] };

/** Subgraph schemas in, supergraph schema or the reasons out. Pure; the library behind it can be changed here only. */
export type Composer = (subgraphs: readonly SubgraphSource[]) => Composition;

/** Composes with `@apollo/composition` (Federation 2). */
export const composeSupergraph: Composer = (subgraphs) => {
  const services: ParsedSubgraph[] = [];
  const unparsable: CompositionError[] = [];
  for (const { name, routingUrl, sdl } of subgraphs) {
    try {
      services.push({ name, url: routingUrl, typeDefs: parse(new Source(sdl, name)) });
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      unparsable.push({ code: 'INVALID_GRAPHQL', message: error.message, subgraph: name, ...error.locations?.[0] });
    }
  }
  if (unparsable.length > 0) return { kind: 'failed', errors: unparsable };

  const result = composeServices(services);
  const placesOf = placesIn(services);
  if (result.errors) return { kind: 'failed', errors: result.errors.map((error) => describe(error, placesOf(error))) };
  const hints = result.hints.map((hint): CompositionHint => {
    const { definition, message } = hint;
    const level = ({ WARN: 'warn', INFO: 'info', DEBUG: 'debug' } as const)[definition.level.name] ?? 'info';
    return { code: definition.code, level, message, ...placed(placesOf(hint)) };
  });
  return { kind: 'composed', sdl: result.supergraphSdl, hints };
};

/** The schema clients see: the supergraph without federation's own types and whatever is `@inaccessible`. */
export const apiSchemaOf = (supergraphSdl: string): GraphQLSchema =>
  Supergraph.build(supergraphSdl, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES })
    .apiSchema()
    .toGraphQLJSSchema();

interface ParsedSubgraph {
  readonly name: string;
  readonly url: string;
  readonly typeDefs: DocumentNode;
}

/** Of the library's: an error or a hint. Its nodes say of which subgraph they are. */
interface Told {
  readonly message: string;
  readonly coordinate?: string;
  readonly nodes?: readonly (ASTNode & { readonly subgraph?: string })[] | undefined;
}

function describe({ message, extensions }: GraphQLError, places: readonly CompositionPlace[]): CompositionError {
  const code = typeof extensions.code === 'string' ? extensions.code : 'INVALID_GRAPHQL';
  return { code, message, ...placed(places) };
}

const placed = ([first, ...others]: readonly CompositionPlace[]): Partial<CompositionError> => ({
  ...first,
  ...(others.length > 0 && { alsoAt: others }),
});

/** Finds the places an error or a hint speaks of: by its nodes, else by the first coordinate its message names. */
function placesIn(subgraphs: readonly ParsedSubgraph[]): (told: Told) => readonly CompositionPlace[] {
  let definitions: ReadonlyMap<string, readonly CompositionPlace[]> | null = null;
  return ({ message, coordinate, nodes = [] }) => {
    const ofNodes = nodes.flatMap((node) => (node.subgraph === undefined ? [] : [placeOf(node.subgraph, node)]));
    if (ofNodes.length > 0) return distinct(ofNodes);
    definitions ??= definitionsOf(subgraphs);
    for (const named of coordinate ? [coordinate] : coordinatesIn(message)) {
      const places = definitions.get(named);
      if (places) return places;
    }
    return subgraphs.flatMap(({ name }) => (names(message, name) ? [{ subgraph: name }] : []));
  };
}

/** As the library names a subgraph: before what it alone got wrong, or quoted in a sentence. */
const names = (message: string, subgraph: string): boolean =>
  message.startsWith(`[${subgraph}] `) || (/\bsubgraphs? "/.test(message) && message.includes(`"${subgraph}"`));

/** `Type.field` before `Type`: the narrower place is the better one. */
function coordinatesIn(message: string): readonly string[] {
  const quoted = [...message.matchAll(/"@?([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)/g)].map(([, named]) => named!);
  return [...quoted.filter((named) => named.includes('.')), ...quoted];
}

/** Where each type and each field, value or input field of it is defined: by `Type` and `Type.field`. */
function definitionsOf(subgraphs: readonly ParsedSubgraph[]): ReadonlyMap<string, readonly CompositionPlace[]> {
  const places = new Map<string, CompositionPlace[]>();
  const add = (coordinate: string, subgraph: string, node: ASTNode): void => {
    const known = places.get(coordinate);
    if (known) known.push(placeOf(subgraph, node));
    else places.set(coordinate, [placeOf(subgraph, node)]);
  };
  for (const { name: subgraph, typeDefs } of subgraphs)
    for (const definition of typeDefs.definitions) {
      if (!('name' in definition) || !definition.name || definition.kind === Kind.DIRECTIVE_DEFINITION) continue;
      add(definition.name.value, subgraph, definition);
      const members = [
        ...('fields' in definition ? (definition.fields ?? []) : []),
        ...('values' in definition ? (definition.values ?? []) : []),
      ];
      for (const member of members) add(`${definition.name.value}.${member.name.value}`, subgraph, member);
    }
  return places;
}

/** The name of what is defined, not the description above it. */
function placeOf(subgraph: string, node: ASTNode): CompositionPlace {
  const defines = /(Definition|Extension)$/.test(node.kind) && 'name' in node ? node.name : undefined;
  const token = (defines?.loc ?? node.loc)?.startToken;
  return { subgraph, ...(token && { line: token.line, column: token.column }) };
}

function distinct(places: readonly CompositionPlace[]): readonly CompositionPlace[] {
  const seen = new Set<string>();
  return places.filter(({ subgraph, line, column }) => {
    const key = `${subgraph}:${line}:${column}`;
    return !seen.has(key) && seen.add(key);
  });
}
