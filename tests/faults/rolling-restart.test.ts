import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ExecutionResult } from 'graphql';
import { describeWithNats, hasNats, NatsServer } from '../services/nats-server.js';
import { ReplicatedStack, type ReplicatedPart } from '../support/replicated-stack.js';
import { steadyLoad, type LoadedClient, type LoadedOperation, type SteadyLoad } from '../support/steady-load.js';
import { overEventStream, overWebSocket, type Subscriber } from '../support/subscribers.js';
import { DEMO_PASSWORD, until } from '../support/test-stack.js';

let nats: NatsServer | null = null;
let stack: ReplicatedStack;
let load: SteadyLoad;
/** Who listens to the notes of a tenant; nobody without NATS, which a stack apart needs for it. */
const listening: Listener[] = [];
/** Of each tenant, what it was told that it wrote. */
const written = new Map<string, string[]>([
  ['acme', []],
  ['globex', []],
]);

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

async function signIn(email: string): Promise<Tokens> {
  const response = await fetch(`${stack.url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: DEMO_PASSWORD }),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Tokens;
}

/** Writes notes that nobody else writes, and takes down those it was told are there. */
function writer(tenant: string, { accessToken }: Tokens, transport: 'HTTP' | 'WebSocket'): LoadedClient {
  let count = 0;
  return {
    name: `${tenant} writes notes over ${transport}`,
    accessToken,
    transport,
    next() {
      const text = `${tenant}-${transport}-${++count}`;
      return {
        query: 'mutation ($text: String!) { createNote(input: { text: $text }) { text createdBy { email } } }',
        variables: { text },
        isRight({ createNote }) {
          const isThis = (createNote as { text: string }).text === text;
          if (isThis) written.get(tenant)!.push(text);
          return isThis;
        },
      };
    },
  };
}

/** Each by turns. */
function reader(tenant: string, email: string, { accessToken }: Tokens): LoadedClient {
  const operations: readonly LoadedOperation[] = [
    {
      query: '{ viewer { user { email notes(first: 2) { nodes { text createdBy { email } } } } tenant { slug } } }',
      isRight: ({ viewer }) => {
        const { user, tenant: own } = viewer as { user: { email: string }; tenant: { slug: string } };
        return user.email === email && own.slug === tenant;
      },
    },
    {
      query: '{ platforms(first: 3) { nodes { name } } platformSettings { keepDays } }',
      isRight: ({ platforms, platformSettings }) => platforms !== null && platformSettings !== null,
    },
  ];
  let turn = 0;
  return { name: `${tenant} reads`, accessToken, next: () => operations[turn++ % operations.length]! };
}

function settler({ accessToken }: Tokens): LoadedClient {
  let keepDays = 1;
  return {
    name: 'acme settles',
    accessToken,
    next() {
      const days = (keepDays = (keepDays % 30) + 1);
      return {
        query: 'mutation ($days: Int!) { updatePlatformSettings(input: { keepDays: $days }) { keepDays } }',
        variables: { days },
        isRight: ({ updatePlatformSettings: now }) => (now as { keepDays: number }).keepDays === days,
      };
    },
  };
}

/** Each refresh token is good for one use: an answer that is lost ends the chain. */
function refresher({ refreshToken }: Tokens): LoadedClient {
  let latest = refreshToken;
  return {
    name: 'globex refreshes',
    accessToken: null,
    next: () => ({
      query: 'mutation ($latest: String!) { refreshSession(input: { refreshToken: $latest }) { refreshToken } }',
      variables: { latest },
      isRight({ refreshSession }) {
        const { refreshToken: next } = refreshSession as { refreshToken: string | null };
        if (next !== null) latest = next;
        return next !== null;
      },
    }),
  };
}

function steerer({ accessToken }: Tokens): LoadedClient {
  const fields = ['pauseSchedule', 'resumeSchedule'] as const;
  let turn = 0;
  return {
    name: 'operators steer and look',
    accessToken,
    next() {
      const field = fields[turn++ % 3];
      return field === undefined
        ? { query: '{ jobs(first: 1) { nodes { id } } }', isRight: ({ jobs }) => jobs !== null }
        : {
            query: `mutation { ${field}(input: { name: "operations.retention" }) { name } }`,
            isRight: ({ [field]: definition }) => definition !== null,
          };
    },
  };
}

interface Listener {
  readonly tenant: string;
  readonly subscriber: Subscriber;
  /** So many notes were written before it had heard of one; it has to hear of all that came then. */
  readonly since: number;
}

const TRANSPORTS = ['HTTP', 'WebSocket'] as const;
const NOTE_CHANGED = 'subscription { noteChanged { text createdBy { email } } }';

/** It comes back whenever it ends, with the id of the event that it saw last. */
async function listen(tenant: string, { accessToken }: Tokens, subscribe: typeof overEventStream): Promise<void> {
  const subscriber = subscribe(`${stack.url}/graphql`, NOTE_CHANGED, { accessToken, comesBack: true });
  await until(`a change of ${tenant} is heard`, () => subscriber.events.some(({ data }) => data));
  const since = written.get(tenant)!.length + TRANSPORTS.length; // one may be under way of each who writes
  listening.push({ tenant, subscriber, since });
}

beforeAll(async () => {
  if (hasNats) nats = await NatsServer.start();
  stack = await ReplicatedStack.start(nats && nats.url);
  const [ada, bob, gus, guest, root] = await Promise.all(
    ['ada@acme.test', 'bob@acme.test', 'gus@globex.test', 'gus@globex.test', 'root@platform.test'].map(signIn),
  );
  for (const { badGateways } of Object.values(stack.balancers)) badGateways.length = 0; // of the start
  load = steadyLoad(stack.url, [
    ...TRANSPORTS.flatMap((transport) => [writer('acme', ada!, transport), writer('globex', gus!, transport)]),
    reader('acme', 'bob@acme.test', bob!),
    reader('globex', 'gus@globex.test', gus!),
    settler(ada!),
    refresher(guest!),
    steerer(root!),
  ]);
  if (nats)
    await Promise.all(
      [overEventStream, overWebSocket].flatMap((subscribe) => [
        listen('acme', bob!, subscribe),
        listen('globex', gus!, subscribe),
      ]),
    );
}, 120_000);
afterAll(async () => {
  for (const { subscriber } of listening) subscriber.leave();
  await load?.stop();
  await stack?.close();
  await nats?.close();
});

const GOES_ON = 10;

/** Every client has had so many right answers since, and nobody a wrong one. */
async function expectAllWent(): Promise<void> {
  const before = new Map(load.right);
  await until(
    'everybody has been answered again',
    () => [...load.right].every(([name, count]) => count >= before.get(name)! + GOES_ON) || load.wrong.length > 0,
  );
  const seen = { wrong: load.wrong.slice(0, 5), badGateways: badGateways().slice(0, 5) };
  const known = {
    right: [...load.right],
    wrong: load.wrong.length,
    reasons: load.wrong.length ? reasons().slice(0, 5) : [],
  };
  expect({ ...seen, known }).toEqual({ wrong: [], badGateways: [], known });
}

/** What the log of a gateway has of it. */
const reasons = (): string[] => stack.toldBy('gateway').filter((line) => /unreachable|failed/i.test(line));

const badGateways = (): string[] =>
  Object.entries(stack.balancers).flatMap(([part, each]) => each.badGateways.map((why) => `${part}: ${why}`));

describe('No request fails, of no tenant, query or mutation, over HTTP or a WebSocket, while', () => {
  it('each of two gateways is restarted after the other', async () => {
    for (let restarted = 0; restarted < 2; restarted++) {
      expect(await stack.remove('gateway')).toBe(0);
      await stack.add('gateway');
    }
    await expectAllWent();
  });

  it.each(['starter', 'platformforge', 'operations', 'identity'] as const satisfies readonly ReplicatedPart[])(
    'another process of %s takes the place of the one that ran',
    async (part) => {
      await stack.add(part);
      expect(await stack.remove(part)).toBe(0);
      await expectAllWent();
    },
  );

  it('the worker is restarted, which loses no job; and every note is there once, in its tenant', async () => {
    expect(await stack.replaceWorker()).toBe(0);
    await expectAllWent();
    await load.stop();
    expect(load.wrong).toEqual([]);
    const notes = () => stack.sql('select text, tenant_id, word_count from starter.notes');
    expect((await notes()).map(({ text }) => text).sort()).toEqual([...written.values()].flat().sort());
    for (const tenant of written.keys()) {
      const own = (await notes()).filter(({ text }) => String(text).startsWith(tenant));
      expect(new Set(own.map(({ tenant_id: id }) => id)).size).toBe(1);
    }
    await until('every note has its words counted', async () =>
      (await notes()).every(({ word_count: count }) => count !== null),
    );
    const [jobs] = await stack.sql(
      `select count(*)::int as runs, count(*) filter (where state = 'succeeded')::int as well from jobs.jobs where name = 'starter.count-words'`,
    );
    expect(jobs).toEqual({ runs: (await notes()).length, well: (await notes()).length });
  });
});

describeWithNats('Through all of that a client that comes back with its last event', () => {
  it('hears of every change once, of its own tenant alone, and of nothing else that went wrong', async () => {
    expect(listening.length).toBe(4);
    for (const { tenant, subscriber, since } of listening) {
      const expected = written
        .get(tenant)!
        .slice(since)
        .flatMap((text) => [text, text]); // written, and counted
      const heardOf = () => subscriber.events.flatMap(textOf).filter((text) => expected.includes(text));
      await until(`${tenant} has heard of all by ${subscriber.transport}`, () => heardOf().length >= expected.length);
      expect(heardOf().sort()).toEqual(expected.sort());
      const { events, endings } = subscriber;
      expect(events.flatMap(textOf).filter((text) => !text.startsWith(`${tenant}-`))).toEqual([]);
      const ids = events.filter(({ data }) => data).map(({ extensions }) => extensions?.['eventId']);
      expect(ids).toEqual([...new Set(ids)]);
      expect(events.filter(({ extensions }) => extensions?.['eventsMissed'])).toEqual([]);
      const errors = events.flatMap((event) => event.errors ?? []) as { extensions?: { code?: string } }[];
      expect(new Set(errors.map(({ extensions }) => extensions?.code))).toEqual(new Set(['SUBGRAPH_UNREACHABLE']));
      expect(endings.length).toBeGreaterThan(1);
    }
  });
});

const textOf = ({ data }: ExecutionResult): string[] =>
  data ? [(data as { noteChanged: { text: string } }).noteChanged.text] : [];
