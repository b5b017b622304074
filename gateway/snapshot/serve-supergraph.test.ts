import { createHash } from 'node:crypto';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import type { SchemaRegistryPort, SubgraphHandle, SupergraphVersion } from '@inevitable/contract';
import { parse } from 'graphql';
import { pino } from 'pino';
import { engineOn } from '../engine/load-supergraph-engine.js';
import { gatherExtensions } from '../extensions/gather-extensions.js';
import { startPlannerThreads, type PlannerThreads } from '../planner/planner-threads.js';
import { versionOf } from '../supergraph/supergraph-file.js';
import { gate } from '../test-support/gate.js';
import {
  accounts,
  ACCOUNTS_SDL,
  contextFor,
  handles,
  httpPeer,
  notes,
  servedBy,
  supergraphOf,
  TEST_SUPERGRAPH,
} from '../test-support/test-subgraphs.js';
import { held } from '../test-support/watched-subgraphs.js';
import { httpSubgraph } from '../transports/http-subgraph.js';
import { serveSupergraph, type SupergraphServing } from './serve-supergraph.js';

const log = pino({ level: 'silent' });
const threads = startPlannerThreads({ log });
afterAll(() => threads.close());
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The real planner, under a test's eyes. `beforeLoad` and `beforePlan` can hold it. */
function watchedPlanners() {
  const watched = {
    planned: [] as string[],
    closed: [] as string[],
    beforeLoad: (() => Promise.resolve()) as (sdl: string) => Promise<void>,
    beforePlan: async (): Promise<void> => undefined,
    threads: {
      load: async (sdl) => {
        await watched.beforeLoad(sdl);
        const planner = await threads.load(sdl);
        return {
          supergraph: planner.supergraph,
          plan: async (request) => {
            await watched.beforePlan();
            watched.planned.push(request.document.replace(/\s+/g, ' '));
            return planner.plan(request);
          },
          close: async () => {
            watched.closed.push(sdl);
            await planner.close();
          },
        };
      },
      measured: () => threads.measured(),
      close: async () => undefined,
    } satisfies PlannerThreads,
  };
  return watched;
}

async function served(first: string, options: Partial<SupergraphServing> = {}) {
  let tell: (version: SupergraphVersion) => void = () => undefined;
  const registry: SchemaRegistryPort = {
    current: async () => versionOf(first),
    watch(onVersion) {
      tell = onVersion;
      return () => undefined;
    },
  };
  const planners = watchedPlanners();
  let swapped = gate();
  const supergraph = await serveSupergraph({
    registry,
    subgraphs: handles(accounts(), notes()),
    openSubgraph: null,
    authorization: { mode: 'filter', decidePolicy: async () => false, onPolicyFailed: () => undefined },
    planners: planners.threads,
    onSnapshot: () => swapped.open(),
    log,
    ...options,
  });
  const engine = engineOn(supergraph.snapshots, gatherExtensions([], log), log, supergraph.close);
  closing.push(() => engine.close());
  return {
    planners,
    snapshots: supergraph.snapshots,
    problem: supergraph.problem,
    announce: (sdl: string) => tell(versionOf(sdl)),
    /** Resolves when `sdl` is served. */
    async reload(sdl: string) {
      swapped = gate();
      tell(versionOf(sdl));
      await swapped.opened;
    },
    reloaded: () => (swapped = gate()).opened,
    ask: (source: string, operationName: string | null = null) =>
      engine.execute(
        {
          document: parse(source),
          source,
          hash: createHash('sha256').update(source).digest('hex'),
          operationName,
          variables: {},
        },
        contextFor(),
      ),
  };
}

const described = (sdl: string, text: string) => sdl.replace('type Query', `"${text}" type Query`);
const NEXT = described(TEST_SUPERGRAPH, 'The next one.');

describe('Before a supergraph takes over', () => {
  it('the operations in use are planned on it, so that the next request waits for no plan', async () => {
    const { ask, reload, planners } = await served(TEST_SUPERGRAPH);
    for (let time = 0; time < 2; time++) {
      await ask('{ open }');
      await ask('query named { notes { text } } query other { open }', 'named');
    }
    await ask('{ notes { id } }'); // once only
    planners.planned.length = 0;
    await reload(NEXT);
    expect(planners.planned.sort()).toEqual(['query named { notes { text } }', '{ open }']);
    planners.beforePlan = () => new Promise(() => undefined); // from here on a plan never comes
    expect(await ask('{ open }')).toEqual({ data: { open: 'everybody' } });
    expect(await ask('query named { notes { text } } query other { open }', 'named')).toMatchObject({
      data: { notes: [{ text: 'one' }, { text: 'two' }] },
    });
  });

  it('what was asked most is planned first', async () => {
    const { ask, reload, planners } = await served(TEST_SUPERGRAPH);
    const asked = { '{ open }': 3, '{ notes { id } }': 2, '{ context }': 4 };
    for (const [source, times] of Object.entries(asked)) for (let time = 0; time < times; time++) await ask(source);
    planners.planned.length = 0;
    await reload(NEXT);
    expect(planners.planned).toEqual(['{ context }', '{ open }', '{ notes { id } }']);
  });

  it('an operation that does not fit it is left out, and one that it cannot plan does not stop it', async () => {
    const { ask, reload, planners } = await served(TEST_SUPERGRAPH);
    for (const source of ['{ notes { id } }', '{ open }', '{ context }'])
      for (let time = 0; time < 2; time++) await ask(source);
    planners.planned.length = 0;
    let plans = 0;
    planners.beforePlan = async () => {
      if (plans++ === 0) throw new Error('No plan.');
    };
    await reload(supergraphOf({ accounts: 'type Query { open: String! context: String! }' }));
    expect([plans, planners.planned.length]).toEqual([2, 1]);
  });
});

describe('The supergraph before', () => {
  it('plans for requests that began on it, and its planner is closed with the last of them', async () => {
    const { handle, asked, answer } = held(notes());
    const { ask, reload, planners } = await served(TEST_SUPERGRAPH, { subgraphs: handles(accounts(), handle) });
    const inFlight = ask('{ notes { author { email } } }');
    await asked;
    await reload(NEXT);
    expect(planners.closed).toEqual([]);
    answer();
    await inFlight;
    expect(planners.closed).toEqual([TEST_SUPERGRAPH]);
  });

  it('is planned on even when the swap comes between validation and planning', async () => {
    const { ask, reload, planners } = await served(TEST_SUPERGRAPH);
    const [planning, plan] = [gate(), gate()];
    planners.beforePlan = () => (planning.open(), plan.opened);
    const inFlight = ask('{ notes { author { email } } }');
    await planning.opened;
    await reload(supergraphOf({ accounts: 'type Query { open: String! }' }));
    plan.open();
    expect(await inFlight).toEqual({
      data: { notes: [{ author: { email: 'ada@acme.test' } }, { author: { email: 'bob@acme.test' } }] },
    });
    expect(planners.closed).toEqual([TEST_SUPERGRAPH]);
  });

  it('reaches its subgraphs to the end, also when two others have taken over since', async () => {
    const letGo = gate();
    const asked = gate();
    const [people, texts] = [await servedBy(accounts()), await servedBy(notes())];
    const slow = await httpPeer(async (request, response) => {
      asked.open();
      await letGo.opened;
      const { url } = texts;
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify(await bodyOf(request)) });
      response.setHeader('content-type', 'application/json').end(await answer.text());
    });
    for (const peer of [people, texts, slow]) closing.push(() => peer.close());
    const at = (accountsUrl: string, notesUrl: string) =>
      TEST_SUPERGRAPH.replace('http://127.0.0.1:1/accounts', accountsUrl).replace('http://127.0.0.1:1/notes', notesUrl);
    const { ask, reload } = await served(at(people.url, slow.url), { subgraphs: new Map(), openSubgraph: overHttp });
    const inFlight = ask('{ notes { author { email } } }'); // notes, and then accounts
    await asked.opened;
    await reload(TEST_SUPERGRAPH); // both have moved
    await reload(NEXT);
    letGo.open();
    expect(await inFlight).toEqual({
      data: { notes: [{ author: { email: 'ada@acme.test' } }, { author: { email: 'bob@acme.test' } }] },
    });
  });
});

const overHttp: SupergraphServing['openSubgraph'] = ({ name, url }) =>
  httpSubgraph({ name, routingUrl: url, contextTokens: null });

async function bodyOf(request: AsyncIterable<Buffer>): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

describe('A supergraph that is being loaded', () => {
  it('keeps the subgraphs it will need, whatever ends meanwhile', async () => {
    const [letGo, asked] = [gate(), gate()];
    const old = await httpPeer(async (_request, response) => {
      asked.open();
      await letGo.opened;
      response.setHeader('content-type', 'application/json').end('{"data":{"where":"old"}}');
    });
    const moved = await httpPeer((_request, response) => {
      response.setHeader('content-type', 'application/json').end('{"data":{"where":"new"}}');
    });
    closing.push(
      () => old.close(),
      () => moved.close(),
    );
    const at = (url: string) =>
      supergraphOf({ places: 'type Query { where: String }' }).replace('http://127.0.0.1:1/places', url);
    const { ask, reload, reloaded, announce, planners } = await served(at(old.url), {
      subgraphs: new Map(),
      openSubgraph: overHttp,
    });
    const inFlight = ask('{ where }');
    await asked.opened;
    await reload(described(at(old.url), 'Second.'));

    const [loading, load] = [gate(), gate()];
    planners.beforeLoad = () => (loading.open(), load.opened);
    const third = reloaded();
    announce(at(moved.url));
    await loading.opened;
    letGo.open();
    expect(await inFlight).toEqual({ data: { where: 'old' } }); // and with it the first supergraph has ended
    load.open();
    await third;
    expect(await ask('{ where }')).toEqual({ data: { where: 'new' } });
  });

  it('when what serves it is closed, does not take over, and leaves no planner open', async () => {
    const { snapshots, announce, planners } = await served(TEST_SUPERGRAPH);
    const [loading, load] = [gate(), gate()];
    planners.beforeLoad = () => (loading.open(), load.opened);
    announce(NEXT);
    await loading.opened;
    await closing.pop()!();
    load.open();
    while (planners.closed.length < 2) await new Promise(setImmediate);
    expect(planners.closed).toEqual([TEST_SUPERGRAPH, NEXT]);
    expect(snapshots.current.sdl).toBe(TEST_SUPERGRAPH);
  });
});

describe('Announced while another is being loaded', () => {
  it('of several versions only the newest is loaded', async () => {
    const { snapshots, announce, planners, reloaded } = await served(TEST_SUPERGRAPH);
    const loaded: string[] = [];
    const [loading, load] = [gate(), gate()];
    planners.beforeLoad = async (sdl) => {
      loaded.push(sdl);
      loading.open();
      await load.opened;
    };
    const [first, second, third] = ['1', '2', '3'].map((text) => described(TEST_SUPERGRAPH, text)) as [
      string,
      string,
      string,
    ];
    const one = reloaded();
    announce(first);
    await loading.opened;
    announce(second);
    announce(third);
    load.open();
    await one;
    await reloaded();
    expect(loaded).toEqual([first, third]);
    expect(snapshots.current.sdl).toBe(third);
  });
});

describe('A supergraph that does not load at the start', () => {
  const unusable = versionOf(supergraphOf({ accounts: ACCOUNTS_SDL, billing: 'type Query { invoices: Int }' }));

  it('gives way to what the registry has instead, and is told to be wrong once it is announced', async () => {
    const asked: unknown[] = [];
    const told = gate();
    const { ask, problem } = await served(unusable.sdl, {
      log: pino({ level: 'error' }, { write: () => told.open() }),
      registry: {
        current: async () => unusable,
        instead: async ({ id }, { message }) => {
          asked.push([id, message]);
          return versionOf(TEST_SUPERGRAPH);
        },
        watch(onVersion) {
          onVersion(unusable);
          return () => undefined;
        },
      },
    });
    expect(await ask('{ open }')).toEqual({ data: { open: 'everybody' } });
    const reason = 'The supergraph needs subgraph "billing", which is not among those this gateway was given.';
    expect(asked).toEqual([[unusable.id, reason]]);
    await told.opened;
    expect(problem()).toBe(`version ${unusable.id} of the supergraph does not load: ${reason}`);
  });

  it.each<[string, SchemaRegistryPort['instead']]>([
    ['has nothing instead', undefined],
    ['has nothing instead of this one', async () => null],
  ])('stops the start where the registry %s', async (_what, instead) => {
    const registry = { current: async () => unusable, ...(instead && { instead }) };
    await expect(served(unusable.sdl, { registry })).rejects.toThrow('The supergraph needs subgraph "billing"');
  });
});

describe('A supergraph that cannot be served', () => {
  it.each([
    ['a subgraph that cannot be had', { subgraphs: handles(accounts()) }, /needs subgraph "notes"/],
    [
      'a registry that is away',
      { registry: { current: () => Promise.reject(new Error('The registry is away.')) } },
      /The registry is away/,
    ],
  ])('for %s, ends the start in a sentence and leaves no connection open', async (_what, options, sentence) => {
    const closed: string[] = [];
    const opened = httpSubgraph({ name: 'notes', routingUrl: 'http://127.0.0.1:1', contextTokens: null });
    opened.close = async () => void closed.push('notes');
    const given: ReadonlyMap<string, SubgraphHandle> =
      'subgraphs' in options ? options.subgraphs : handles(accounts(), opened);
    await expect(served(TEST_SUPERGRAPH, { ...options, subgraphs: given })).rejects.toThrow(sentence);
    expect(closed).toEqual(given.has('notes') ? ['notes'] : []);
  });
});
