import { createHash } from 'node:crypto';
import type { RequestContext, SubgraphHandle } from '@inevitable/contract';
import { parse } from 'graphql';
import { pino, type Logger } from 'pino';
import type { SupergraphEngine } from '../../../gateway/engine/supergraph-engine.js';
import { contextFor, servedBy } from '../../../gateway/test-support/test-subgraphs.js';
import { createContextTokens } from '../../../gateway/transports/context-tokens.js';
import { httpSubgraph } from '../../../gateway/transports/http-subgraph.js';
import { handlesOf, type RichSupergraph } from '../rich-supergraph/rich-supergraph.js';
import type { Situation } from '../rich-supergraph/rich-subgraph.js';
import type { Answer, EngineUnderTest, Operation } from './engine-under-test.js';

export type LoadEngine = (
  sdl: string,
  subgraphs: ReadonlyMap<string, SubgraphHandle>,
  log: Logger,
) => Promise<SupergraphEngine>;

export type Transport = 'in process' | 'over HTTP';

/** An engine with the rich supergraph's subgraphs behind it, in this process or each behind its own HTTP server. */
export async function engineOverSubgraphs(
  name: string,
  load: LoadEngine,
  supergraph: RichSupergraph,
  transport: Transport,
): Promise<EngineUnderTest> {
  let situation: Situation = { faults: [], journal: [] };
  const inProcess = handlesOf(supergraph, () => situation);
  const { handles, close } = transport === 'over HTTP' ? await overHttp(inProcess) : { handles: inProcess, close: [] };
  const engine = await load(supergraph.sdl, handles, pino({ level: 'silent' }));
  return {
    name: `${name} ${transport}`,
    async run(operation, faults) {
      situation = { faults, journal: [] };
      return ask(engine, operation);
    },
    async close() {
      await engine.close();
      for (const one of close) await one();
    },
  };
}

/**
 * One operation through an engine. Unless a context is given the request's id is the operation's hash, so that labels
 * of progressive `@override` are on for some operations, and always for the same ones.
 */
export async function ask(
  engine: SupergraphEngine,
  { source, operationName, variables }: Operation,
  context?: RequestContext,
): Promise<Answer> {
  const hash = createHash('sha256').update(source).digest('hex');
  const document = parse(source);
  const answer = await engine.execute(
    { document, source, hash, operationName, variables },
    context ?? contextFor({ requestId: hash }),
  );
  return answer as Answer;
}

async function overHttp(handles: ReadonlyMap<string, SubgraphHandle>) {
  const contextTokens = createContextTokens();
  const served = new Map<string, SubgraphHandle>();
  const close: (() => Promise<void>)[] = [];
  for (const [name, handle] of handles) {
    const peer = await servedBy(handle);
    const subgraph = httpSubgraph({ name, routingUrl: peer.url, contextTokens });
    served.set(name, subgraph);
    close.push(
      () => subgraph.close(),
      () => peer.close(),
    );
  }
  return { handles: served, close };
}
