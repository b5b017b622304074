import { composeServices } from '@apollo/composition';
import { ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals';
import { getLocation, GraphQLError, parse, Source, type ASTNode, type DocumentNode, type GraphQLSchema } from 'graphql';

export interface SubgraphSource {
  readonly name: string;
  readonly routingUrl: string;
  readonly sdl: string;
}

/** Why a composition failed. Line and column count from 1 in the subgraph's SDL. */
export interface CompositionError {
  readonly code: string;
  readonly message: string;
  readonly subgraph?: string;
  readonly line?: number;
  readonly column?: number;
}

export interface CompositionHint {
  readonly code: string;
  readonly message: string;
}

export type Composition =
  | { readonly kind: 'composed'; readonly sdl: string; readonly hints: readonly CompositionHint[] }
  | { readonly kind: 'failed'; readonly errors: readonly CompositionError[] };

/** Subgraph schemas in, supergraph schema or the reasons out. Pure; the library behind it can be changed here only. */
export type Composer = (subgraphs: readonly SubgraphSource[]) => Composition;

/** Composes with `@apollo/composition` (Federation 2). */
export const composeSupergraph: Composer = (subgraphs) => {
  const services: { name: string; url: string; typeDefs: DocumentNode }[] = [];
  const unparsable: CompositionError[] = [];
  for (const { name, routingUrl, sdl } of subgraphs) {
    try {
      services.push({ name, url: routingUrl, typeDefs: parse(new Source(sdl, name)) });
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      unparsable.push({ ...describe(error), code: 'INVALID_GRAPHQL', subgraph: name });
    }
  }
  if (unparsable.length > 0) return { kind: 'failed', errors: unparsable };

  const result = composeServices(services);
  if (result.errors) return { kind: 'failed', errors: result.errors.map(describe) };
  const hints = result.hints.map(({ definition, message }) => ({ code: definition.code, message }));
  return { kind: 'composed', sdl: result.supergraphSdl, hints };
};

/** The schema clients see: the supergraph without federation's own types and whatever is `@inaccessible`. */
export const apiSchemaOf = (supergraphSdl: string): GraphQLSchema =>
  Supergraph.build(supergraphSdl, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES })
    .apiSchema()
    .toGraphQLJSSchema();

function describe(error: GraphQLError): CompositionError {
  const nodes: readonly (ASTNode & { subgraph?: string })[] = error.nodes ?? [];
  const node = nodes.find(({ subgraph }) => subgraph !== undefined);
  const location = node?.loc ? getLocation(node.loc.source, node.loc.start) : error.locations?.[0];
  return {
    code: typeof error.extensions.code === 'string' ? error.extensions.code : 'INVALID_GRAPHQL',
    message: error.message,
    ...(node?.subgraph !== undefined && { subgraph: node.subgraph }),
    ...(location && { line: location.line, column: location.column }),
  };
}
