import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { anonymousContext, NotFound, type EventBus, type RequestContext, type TenantId } from '@inevitable/contract';
import { GraphQLError, type ExecutionResult } from 'graphql';
import { pino, type Logger } from 'pino';
import { z } from 'zod';
import { defineEvent } from '../events/define-event.js';
import { WAITING_EVENTS } from '../events/event-stream.js';
import type { EventOf } from '../events/heard-event.js';
import { inProcessBus } from '../events/in-process-bus.js';
import { defineSubgraph } from './define-subgraph.js';
import { hostSubgraph } from './host-subgraph.js';
import type { ProductContext } from './product-context.js';

const moved = defineEvent({ name: 'chess.piece.moved.v1', payload: z.object({ to: z.string() }) });
const taken = defineEvent({ name: 'chess.piece.taken.v1', payload: z.object({ at: z.string() }) });

const SCHEMA = `
  type Query { ok: Boolean }
  type Subscription {
    moves(to: String): String
    everything: String
    wrapped: String
    refused(how: String!): String
    answered(how: String!): String
    deadline: Float
    open: String
  }`;

type Move = EventOf<typeof moved>;
type Heard = Move | EventOf<typeof taken>;

const shown = (event: Heard) => (event.name === moved.name ? `to ${event.payload.to}` : `at ${event.payload.at}`);
const onMove = { subscribe: (_: unknown, _args: unknown, context: ProductContext) => context.events.subscribe(moved) };

/** Ends for good only when its caller aborts it. */
const hangs = () => new Promise<never>(() => undefined);

const resolvers = {
  Subscription: {
    moves: {
      subscribe: (_: unknown, { to }: { to?: string }, context: ProductContext) =>
        context.events.subscribe(moved, {
          filter: ({ payload }) => {
            if (to === 'a broken filter') throw new Error('a secret of the filter');
            return to === undefined || payload.to === to;
          },
        }),
      resolve: shown,
    },
    everything: {
      subscribe: (_: unknown, _args: unknown, context: ProductContext) => context.events.subscribe([moved, taken]),
      resolve: shown,
    },
    wrapped: {
      async *subscribe(_: unknown, _args: unknown, context: ProductContext) {
        for await (const event of context.events.subscribe(moved)) yield event;
      },
      resolve: shown,
    },
    refused: {
      subscribe(_: unknown, { how }: { how: string }) {
        if (how === 'to the caller') throw new NotFound('game');
        if (how === 'as GraphQL') throw new GraphQLError('Too late.', { extensions: { code: 'CONFLICT', since: 1 } });
        throw new Error('a secret of the resolver');
      },
    },
    answered: {
      ...onMove,
      resolve(_: unknown, { how }: { how: string }) {
        if (how === 'never') return hangs();
        throw how === 'to the caller' ? new NotFound('piece') : new Error('a secret of the resolver');
      },
    },
    deadline: { ...onMove, resolve: (_: unknown, _args: unknown, context: ProductContext) => context.deadline },
    open: { ...onMove, resolve: shown },
  },
};

let folder: string;
let schema: URL;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'subscriptions-'));
  const file = join(folder, 'schema.graphql');
  await writeFile(file, SCHEMA);
  schema = pathToFileURL(file);
});
afterAll(() => rm(folder, { recursive: true }));

const request = {
  requestId: 'test',
  trace: null,
  deadline: Date.now() + 1_000,
  signal: new AbortController().signal,
  deployment: 'internal' as const,
};
const nobody = anonymousContext(request);
const inTenant = (tenant: string | null): RequestContext =>
  Object.freeze({
    ...nobody,
    tenant: tenant === null ? null : { id: tenant as TenantId, plan: 'free', entitlementsDigest: '' },
    caller: { kind: 'service' as const, service: 'test' },
  });
const acme = inTenant('acme');
const globex = inTenant('globex');

/** The product on a bus of its own; `listening` counts who listens there, `logged` what operators read. */
function openChess({ bus = inProcessBus(() => undefined) as EventBus | null, publicFields = [] as string[] } = {}) {
  const counted = { listening: 0 };
  const logged: string[] = [];
  const log: Logger = pino({ level: 'error' }, { write: (line: string) => void logged.push(line) });
  const events: EventBus | null = bus && {
    publish: (event) => bus.publish(event),
    subscribe(...args) {
      counted.listening += 1;
      const end = bus.subscribe(...args);
      return () => {
        counted.listening -= 1;
        end();
      };
    },
  };
  const declaration = defineSubgraph({
    name: 'chess',
    owner: 'x',
    schema,
    resolvers,
    events: [moved, taken],
    publicFields,
  });
  const subgraph = hostSubgraph(declaration, { database: null, entitlements: {} as never, events, log });
  let published = 0;
  return {
    counted,
    logged,
    open: (fields: string, caller = acme, lastEventId?: string) =>
      subgraph.subscribe!(
        { query: `subscription { ${fields} }`, ...(lastEventId !== undefined && { lastEventId }) },
        caller,
      ),
    publish: (tenantId: string | null, payload: object, name = 'chess.piece.moved.v1') =>
      events!.publish({
        id: `event ${(published += 1)}`,
        name,
        tenantId,
        aggregate: 'king',
        payload,
        occurredAt: '2026-01-01T00:00:00.000Z',
        correlationId: 'test',
      }),
  };
}

const nextOf = async (events: AsyncIterableIterator<ExecutionResult>) => (await events.next()).value as ExecutionResult;
const plain = (result: ExecutionResult) => JSON.parse(JSON.stringify(result)) as object;

describe('A subscription of a subgraph', () => {
  it("hears its own tenant's events with their ids, and nobody else's", async () => {
    const chess = openChess();
    const events = await chess.open('moves');
    await chess.publish('globex', { to: 'a secret of globex' });
    await chess.publish(null, { to: 'of no tenant' });
    await chess.publish('acme', { to: 'e4' });
    expect(await nextOf(events)).toEqual({ data: { moves: 'to e4' }, extensions: { eventId: 'event 3' } });
  });

  it("is not given another tenant's past by an event id of that tenant", async () => {
    const chess = openChess();
    await chess.publish('acme', { to: 'e4' });
    await chess.publish('acme', { to: 'a secret of acme' });
    const spy = await chess.open('moves', globex, 'event 1');
    await chess.publish('globex', { to: 'd4' });
    expect(await nextOf(spy)).toEqual({ data: { moves: 'to d4' }, extensions: { eventId: 'event 3' } });
  });

  it('is refused to a caller without a tenant', async () => {
    const chess = openChess();
    await expect(chess.open('moves', inTenant(null))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(chess.counted.listening).toBe(0);
  });

  it('is denied to the anonymous, unless the declaration opens its field', async () => {
    const anonymous = Object.freeze({ ...nobody, tenant: acme.tenant });
    await expect(openChess().open('open', anonymous)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const opened = openChess({ publicFields: ['Subscription.open'] });
    const events = await opened.open('open', anonymous);
    await opened.publish('acme', { to: 'e4' });
    expect((await nextOf(events)).data).toEqual({ open: 'to e4' });
  });

  it('goes on after the last event its client saw, with events of several kinds in their order', async () => {
    const chess = openChess();
    await chess.publish('acme', { to: 'e4' });
    await chess.publish('acme', { at: 'e5' }, taken.name);
    await chess.publish('acme', { to: 'e5' });
    const events = await chess.open('everything', acme, 'event 1');
    await chess.publish('acme', { at: 'd4' }, taken.name);
    const heard = [await nextOf(events), await nextOf(events), await nextOf(events)];
    expect(heard.map(({ data }) => data!['everything'])).toEqual(['at e5', 'to e5', 'at d4']);
    expect(chess.counted.listening).toBe(1);
  });

  it('is told first when the event it saw last is not known', async () => {
    const chess = openChess();
    const events = await chess.open('moves', acme, 'unknown');
    await chess.publish('acme', { to: 'e4' });
    expect(await nextOf(events)).toEqual({ data: null, extensions: { eventsMissed: true } });
    expect((await nextOf(events)).data).toEqual({ moves: 'to e4' });
  });

  it('is told where events were lost because it read too slowly', async () => {
    const chess = openChess();
    const events = await chess.open('moves');
    for (let count = 0; count < WAITING_EVENTS + 2; count += 1) await chess.publish('acme', { to: String(count) });
    for (let count = 0; count < WAITING_EVENTS; count += 1) await nextOf(events);
    await chess.publish('acme', { to: 'after' });
    expect(await nextOf(events)).toEqual({ data: null, extensions: { eventsMissed: true } });
    expect((await nextOf(events)).data).toEqual({ moves: 'to after' });
  });

  it('is told of an event that does not fit its definition as of one that it missed, and operators see why', async () => {
    const chess = openChess();
    const events = await chess.open('moves');
    await chess.publish('acme', { to: 7 });
    expect(await nextOf(events)).toEqual({ data: null, extensions: { eventsMissed: true } });
    expect(chess.logged.join()).toContain('an event does not fit its definition');
  });

  it('answers each event with a deadline of its own, long after that of its start', async () => {
    const chess = openChess();
    const past = Object.freeze({ ...acme, deadline: 1 });
    const events = await chess.open('deadline', past);
    await chess.publish('acme', { to: 'e4' });
    const { data } = await nextOf(events);
    expect(data!['deadline']).toBeGreaterThan(Date.now());
  });

  it.each([
    ['to the caller', { message: 'No such piece.', extensions: { code: 'NOT_FOUND' } }],
    ['by mistake', { message: 'Something failed on our side.', extensions: { code: 'INTERNAL' } }],
  ])('presents what an event failed with %s as a query does, and goes on', async (how, error) => {
    const chess = openChess();
    const events = await chess.open(`answered(how: "${how}")`);
    await chess.publish('acme', { to: 'e4' });
    await chess.publish('acme', { to: 'e5' });
    for (const eventId of ['event 1', 'event 2']) {
      expect(plain(await nextOf(events))).toEqual({
        data: { answered: null },
        errors: [{ ...error, path: ['answered'] }],
        extensions: { eventId },
      });
    }
  });

  it('gives up on an event that is not answered in 30 s, and goes on', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    try {
      const chess = openChess();
      const events = await chess.open('answered(how: "never")');
      await chess.publish('acme', { to: 'e4' });
      const answer = nextOf(events);
      await jest.advanceTimersByTimeAsync(30_000);
      expect(plain(await answer)).toMatchObject({ data: null, errors: [{ extensions: { code: 'TIMEOUT' } }] });
      await events.return!();
    } finally {
      jest.useRealTimers();
    }
  });

  it.each([
    ['to the caller', { code: 'NOT_FOUND', message: 'No such game.' }],
    ['as GraphQL', { code: 'CONFLICT', message: 'Too late.', details: { since: 1 } }],
    ['by mistake', { code: 'INTERNAL', message: 'A subscription could not be started.' }],
  ])('is refused %s with what its subscribe throws', async (how, error) => {
    await expect(openChess().open(`refused(how: "${how}")`)).rejects.toMatchObject(error);
  });

  it('is refused where no events reach the process, and the log says what to set', async () => {
    const chess = openChess({ bus: null });
    await expect(chess.open('moves')).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(chess.logged.join()).toContain('NATS_URL');
  });

  it('ends with a masked error when what it listens to fails', async () => {
    const chess = openChess();
    const events = await chess.open('moves(to: "a broken filter")');
    await chess.publish('acme', { to: 'e4' });
    const last = plain(await nextOf(events));
    expect(last).toMatchObject({ data: null, errors: [{ extensions: { code: 'INTERNAL' } }] });
    expect(JSON.stringify(last)).not.toContain('secret');
    expect(await events.next()).toEqual({ done: true, value: undefined });
    expect(chess.counted.listening).toBe(0);
  });

  it('listens no more when it failed over an event of the past', async () => {
    const chess = openChess();
    await chess.publish('acme', { to: 'e4' });
    await chess.publish('acme', { to: 'e5' });
    const events = await chess.open('moves(to: "a broken filter")', acme, 'event 1');
    expect((await nextOf(events)).errors).toHaveLength(1);
    expect(chess.counted.listening).toBe(0);
  });

  it.each(['moves', 'wrapped'])('of %s listens no more once it is ended, and answers who waits', async (field) => {
    const chess = openChess();
    const events = await chess.open(field);
    const waiting = events.next();
    expect(chess.counted.listening).toBe(1);
    await events.return!();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(chess.counted.listening).toBe(0);
  });

  it('has its event ids also where the product wraps its events', async () => {
    const chess = openChess();
    const events = await chess.open('wrapped');
    const first = nextOf(events);
    await chess.publish('acme', { to: 'e4' });
    expect(await first).toEqual({ data: { wrapped: 'to e4' }, extensions: { eventId: 'event 1' } });
  });

  it('without a subscribe of its own stops the start', () => {
    const declaration = defineSubgraph({ name: 'chess', owner: 'x', schema, resolvers: {} });
    const log = pino({ level: 'silent' });
    const host = () => hostSubgraph(declaration, { database: null, entitlements: {} as never, events: null, log });
    expect(host).toThrow('Subscription.moves has no subscribe');
  });
});
