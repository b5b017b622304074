import { afterAll, afterEach, expect } from '@jest/globals';
import type { RequestContext, SubgraphHandle, SubgraphRequest } from '@inevitable/contract';
import { parse, validate, visit } from 'graphql';
import { pino } from 'pino';
import { loadSupergraphEngine, type EngineOptions } from '../../gateway/engine/load-supergraph-engine.js';
import type { SupergraphEngine } from '../../gateway/engine/supergraph-engine.js';
import { startPlannerThreads } from '../../gateway/planner/planner-threads.js';
import { composeSupergraph } from '../../gateway/supergraph/compose-supergraph.js';
import { ask } from './engines/engine-over-subgraphs.js';
import { FEDERATION, graphqlSubgraph, type Entity, type SubgraphDefinition } from './graphql-subgraph.js';

export interface Asked {
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly operationName?: string;
  readonly context?: RequestContext;
}

/** A small supergraph behind the engine, for one promise or two. */
export interface TestGraph {
  readonly schema: SupergraphEngine['schema'];
  /** The whole answer, as JSON. What the subgraphs received is then what they received for this operation. */
  ask(source: string, asked?: Asked): Promise<unknown>;
  /** The names of the subgraphs that were asked, in order, each as often as it was. */
  readonly askedSubgraphs: readonly string[];
  /** The requests to one subgraph, in order. */
  requestsTo(subgraph: string): readonly SubgraphRequest[];
  /** The representations one subgraph was asked about, in order. */
  representationsTo(subgraph: string): readonly Entity[];
  /** Every field that one subgraph was asked for, by its name in the schema; sorted, each once. */
  fieldsAskedOf(subgraph: string): readonly string[];
}

type Parts = Omit<SubgraphDefinition, 'name'> & Partial<Pick<SubgraphHandle, 'execute'>>;

const log = pino({ level: 'silent' });
const planners = startPlannerThreads({ log });
const open: SupergraphEngine[] = [];
afterEach(async () => {
  for (const engine of open.splice(0)) await engine.close();
});
afterAll(() => planners.close());

/** `execute` replaces how a subgraph answers, for one that is broken. */
export async function testGraph(
  subgraphs: Readonly<Record<string, Parts>>,
  options: EngineOptions = {},
): Promise<TestGraph> {
  const composition = composeSupergraph(
    Object.entries(subgraphs).map(([name, { sdl }]) => ({
      name,
      sdl: FEDERATION + sdl,
      routingUrl: `http://${name}/`,
    })),
  );
  if (composition.kind === 'failed') throw new Error(JSON.stringify(composition.errors, null, 1));

  const received: { subgraph: string; request: SubgraphRequest }[] = [];
  const handles = new Map(
    Object.entries(subgraphs).map(([name, { execute, ...definition }]) => {
      const handle = graphqlSubgraph({ name, ...definition });
      const recording: SubgraphHandle = {
        ...handle,
        execute(request, context) {
          received.push({ subgraph: name, request });
          return (execute ?? handle.execute)(request, context);
        },
      };
      return [name, recording];
    }),
  );
  const engine = await loadSupergraphEngine(composition.sdl, handles, log, { planners, ...options });
  open.push(engine);
  const requestsTo = (subgraph: string) =>
    received.filter((one) => one.subgraph === subgraph).map(({ request }) => request);

  return {
    schema: engine.schema,
    async ask(source, { variables = {}, operationName, context } = {}) {
      expect(validate(engine.schema, parse(source))).toEqual([]);
      received.length = 0;
      const answer = await ask(engine, { source, operationName: operationName ?? null, variables }, context);
      return JSON.parse(JSON.stringify(answer)) as unknown;
    },
    get askedSubgraphs() {
      return received.map(({ subgraph }) => subgraph);
    },
    requestsTo,
    representationsTo: (subgraph) =>
      requestsTo(subgraph).flatMap(({ variables }) =>
        Object.values(variables ?? {})
          .filter(areRepresentations)
          .flat(),
      ),
    fieldsAskedOf: (subgraph) => [...new Set(requestsTo(subgraph).flatMap(fieldsOf))].sort(),
  };
}

const areRepresentations = (value: unknown): value is Entity[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null && '__typename' in one);

function fieldsOf({ query }: SubgraphRequest): string[] {
  const fields: string[] = [];
  visit(parse(query), { Field: ({ name }) => void fields.push(name.value) });
  return fields.filter((name) => name !== '_entities');
}

/** The row with that id. */
export const byId = <Row extends Entity>(rows: readonly Row[], { id }: Entity): Row | null =>
  rows.find((row) => row.id === id) ?? null;
