import { Supergraph, ROUTER_SUPPORTED_SUPERGRAPH_FEATURES } from '@apollo/federation-internals';
import type { SubgraphHandle } from '@inevitable/contract';
import { buildSchema, printSchema, type GraphQLSchema } from 'graphql';
import { composeSupergraph } from '../../../gateway/supergraph/compose-supergraph.js';
import { FEDERATION, graphqlSubgraph } from '../graphql-subgraph.js';
import { baskets } from './baskets.js';
import { catalog } from './catalog.js';
import { fieldSetsOf } from './field-sets.js';
import { people } from './people.js';
import { pricing } from './pricing.js';
import { reviews } from './reviews.js';
import { served, type RichSubgraph, type Situation } from './rich-subgraph.js';
import { search } from './search.js';
import { stock } from './stock.js';

export interface RichSupergraph {
  readonly sdl: string;
  readonly apiSchema: GraphQLSchema;
  readonly subgraphs: readonly RichSubgraph[];
  /** Fields that may fail: see `compare-answers.ts` for why not every field may. */
  readonly mayFail: (field: string) => boolean;
}

function compose(subgraphs: readonly RichSubgraph[]): RichSupergraph {
  const composition = composeSupergraph(
    subgraphs.map(({ name, sdl }) => ({ name, sdl: FEDERATION + sdl, routingUrl: `http://${name}.test/graphql` })),
  );
  if (composition.kind === 'failed') throw new Error(JSON.stringify(composition.errors, null, 1));
  const { sdl } = composition;
  const api = Supergraph.build(sdl, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES }).apiSchema();
  const mentioned = new Set(subgraphs.flatMap((subgraph) => [...fieldSetsOf(subgraph.sdl).mentioned]));
  return {
    sdl,
    apiSchema: buildSchema(printSchema(api.toGraphQLJSSchema())),
    subgraphs,
    mayFail: (field) => !mentioned.has(field) && !field.startsWith('__'),
  };
}

const COMMON = [catalog, people, reviews, stock, pricing, search];

/** What `@apollo/gateway` loads too. */
export const commonSupergraph = (): RichSupergraph => compose(COMMON);
/** With `@context`, which it refuses. */
export const fullSupergraph = (): RichSupergraph => compose([...COMMON, baskets]);

/** The subgraphs in this process. `situation` is what they find whenever they are asked. */
export const handlesOf = (
  { subgraphs }: RichSupergraph,
  situation: () => Situation,
): ReadonlyMap<string, SubgraphHandle> =>
  new Map(subgraphs.map((subgraph) => [subgraph.name, graphqlSubgraph(served(subgraph, situation))]));
