import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals';
import { SubgraphUnreachable, type SubgraphHandle } from '@inevitable/contract';
import fc from 'fast-check';
import { pino } from 'pino';
import { accessTokens } from '../authentication/access-tokens.js';
import { apiKeys } from '../authentication/api-keys.js';
import { credentials as credentialsOf } from '../authentication/credentials.js';
import { RevocationView } from '../authentication/revocation-view.js';
import { VerificationKeys } from '../authentication/verification-keys.js';
import type { ReceivedOperation } from '../pipeline/receive.js';
import { startPlannerThreads } from '../planner/planner-threads.js';
import { RequestFacts } from '../routing/request-facts.js';
import type { ClientStream } from '../streaming/client-stream.js';
import { EventLog } from '../test-support/event-log.js';
import { openGraph, type OpenGraph, type OpenGraphOptions } from '../test-support/open-graph.js';
import { TestIdentity } from '../test-support/test-identity.js';
import { handles, inProcess, supergraphOf } from '../test-support/test-subgraphs.js';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@authenticated", "@policy"])\n';
const NOTES = `${LINK}
type Query { notes: [Note!] }
type Subscription { noteChanged: Note  secret: Note @authenticated }
type Note @key(fields: "id") { id: ID!  text: String  author: User }
type User @key(fields: "id", resolvable: false) { id: ID! }`;
const USERS = `${LINK}
type Query { users: [User!] }
type User @key(fields: "id") { id: ID!  name: String }`;
const SDL = supergraphOf({ notes: NOTES, users: USERS });
/** With a note's author elsewhere, so that the same events come from another document. */
const MOVED = supergraphOf({
  notes: NOTES.replace('  author: User', ''),
  users: USERS.replace('type User', 'type Note @key(fields: "id") { id: ID!  author: User }\ntype User'),
});
const QUERY = 'subscription { noteChanged { id text author { name } } }';

const planners = startPlannerThreads({ log: pino({ level: 'silent' }) });
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  jest.useRealTimers();
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});
afterAll(() => planners.close());

const note = (id: string) => ({
  noteChanged: { __typename: 'Note', id, text: `text ${id}`, author: { __typename: 'User', id: `u${id}` } },
});
const answerTo = (id: string, eventId: string) => ({
  data: { noteChanged: { id, text: `text ${id}`, author: { name: `name u${id}` } } },
  extensions: { eventId },
});

interface Subgraphs {
  readonly log: EventLog;
  readonly notes: SubgraphHandle;
  readonly users: SubgraphHandle;
  readonly usersAsked: unknown[];
}

function subgraphs(): Subgraphs {
  const log = new EventLog();
  const usersAsked: unknown[] = [];
  return {
    log,
    usersAsked,
    notes: inProcess(
      'notes',
      NOTES,
      () => ({}),
      ({ id }) => ({ __typename: 'Note', id }),
      { subscribe: log.subscribe },
    ),
    users: inProcess(
      'users',
      USERS,
      () => ({}),
      ({ id }) => {
        usersAsked.push(id);
        return { __typename: 'User', id, name: `name ${String(id)}` };
      },
    ),
  };
}

async function graphOver({ notes, users }: Subgraphs, options: OpenGraphOptions = {}): Promise<OpenGraph> {
  const graph = await openGraph(SDL, handles(notes, users), { planners, ...options });
  cleanUps.push(() => graph.close());
  return graph;
}

async function streamOf(
  graph: OpenGraph,
  received: Partial<ReceivedOperation> = {},
  query = QUERY,
): Promise<ClientStream> {
  const opened = await graph.open(query, received);
  if (opened.kind !== 'stream') throw new Error('It was answered at once.');
  expect(opened.of).toBe('subscription');
  return opened.stream;
}

const nextOf = async (stream: ClientStream): Promise<unknown> => {
  const { value } = (await stream.next()) as { value?: { result: unknown } };
  return value?.result;
};
const MOST_TURNS = 100_000;
const settled = async (condition: () => boolean): Promise<void> => {
  for (let turn = 0; !condition(); turn++) {
    if (turn > MOST_TURNS) throw new Error(`Not settled: ${String(condition)}`);
    await new Promise(setImmediate);
  }
};
const ends = async (stream: ClientStream, ...last: unknown[]): Promise<void> => {
  for (const payload of last) expect(await nextOf(stream)).toEqual(payload);
  expect(await stream.next()).toEqual({ done: true, value: undefined });
};
const failure = (code: string, message: unknown = expect.any(String), service?: string) => ({
  errors: [{ message, extensions: { code, ...(service !== undefined && { service }) } }],
});

describe('A subscription', () => {
  it('answers each event in order, joined with what other subgraphs know', async () => {
    const parts = subgraphs();
    const stream = await streamOf(await graphOver(parts));
    await settled(() => parts.log.open === 1);
    for (const id of ['1', '2', '3']) parts.log.publish(note(id));
    for (const id of ['1', '2', '3']) expect(await nextOf(stream)).toEqual(answerTo(id, `e${id}`));
  });

  it('goes on after the event that its client has seen last', async () => {
    const parts = subgraphs();
    for (const id of ['1', '2', '3']) parts.log.publish(note(id));
    const stream = await streamOf(await graphOver(parts), { lastEventId: 'e1' });
    for (const id of ['2', '3']) expect(await nextOf(stream)).toEqual(answerTo(id, `e${id}`));
  });

  it('ends when its client leaves, and so does what it listened to', async () => {
    const parts = subgraphs();
    const graph = await graphOver(parts);
    const stream = await streamOf(graph);
    await settled(() => parts.log.open === 1);
    await stream.return!();
    await settled(() => parts.log.open === 0);
    expect(graph.subscriptions.count).toBe(0);
  });

  it('ends when its subgraph ends it, after what came before', async () => {
    const parts = subgraphs();
    const stream = await streamOf(await graphOver(parts));
    await settled(() => parts.log.open === 1);
    parts.log.publish(note('1'));
    parts.log.end();
    await ends(stream, answerTo('1', 'e1'));
  });

  it('ends with an error when the way to its subgraph breaks', async () => {
    const parts = subgraphs();
    const stream = await streamOf(await graphOver(parts));
    await settled(() => parts.log.open === 1);
    parts.log.end(new SubgraphUnreachable('notes', new Error('gone')));
    await ends(stream, failure('SUBGRAPH_UNREACHABLE', 'A part of the stack did not answer.', 'notes'));
  });

  it('ends with what its subgraph refused it with, or with one word where that is an operator’s', async () => {
    const parts = subgraphs();
    const graph = await graphOver(parts);
    await ends(await streamOf(graph, { lastEventId: 'nonsense' }), failure('BAD_USER_INPUT', 'That is no event’s id.'));
    parts.log.refusal = new Error('password=hunter2');
    await ends(await streamOf(graph), failure('SUBGRAPH_UNREACHABLE', 'A part of the stack did not answer.', 'notes'));
  });

  it('says so where its subgraph has none', async () => {
    const parts = subgraphs();
    const notes = inProcess(
      'notes',
      NOTES,
      () => ({}),
      () => null,
    );
    const stream = await streamOf(await graphOver({ ...parts, notes }));
    await ends(stream, failure('SUBGRAPH_UNREACHABLE', expect.any(String), 'notes'));
  });

  it('answers an event whose other part failed with an error in its place, and goes on', async () => {
    const parts = subgraphs();
    let down = true;
    const users: SubgraphHandle = {
      ...parts.users,
      execute: (...asked) => (down ? Promise.reject(new Error('down')) : parts.users.execute(...asked)),
    };
    const stream = await streamOf(await graphOver({ ...parts, users }));
    await settled(() => parts.log.open === 1);
    parts.log.publish(note('1'));
    expect(await nextOf(stream)).toMatchObject({
      data: { noteChanged: { id: '1', author: { name: null } } },
      errors: [
        { path: ['noteChanged', 'author', 'name'], extensions: { code: 'SUBGRAPH_UNREACHABLE', service: 'users' } },
      ],
    });
    down = false;
    parts.log.publish(note('2'));
    expect(await nextOf(stream)).toEqual(answerTo('2', 'e2'));
  });

  it('is refused without a stream to send it in, and before anything listens', async () => {
    const parts = subgraphs();
    const graph = await graphOver(parts);
    await expect(graph.open(QUERY, { mayStream: false })).rejects.toMatchObject({ status: 406 });
    expect(parts.log.subscribed).toEqual([]);
  });

  it.each([
    'subscription { noteChanged @skip(if: true) { id } }',
    'subscription { ... @skip(if: true) { noteChanged { id } } }',
  ])('that asks for nothing is refused, and nothing is kept of it: %s', async (query) => {
    const parts = subgraphs();
    const graph = await graphOver(parts);
    await expect(graph.open(query)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', status: 400 });
    expect(parts.log.subscribed).toEqual([]);
    expect([graph.subscriptions.count, graph.snapshots.held]).toEqual([0, 0]);
  });

  it('to what its caller may not have is refused, and nothing listens', async () => {
    const parts = subgraphs();
    const graph = await graphOver(parts);
    await expect(graph.open('subscription { secret { id } }')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(parts.log.subscribed).toEqual([]);
  });
});

describe('Equal subscriptions', () => {
  it('share what they listen to, and the answers to their events', async () => {
    const parts = subgraphs();
    const graph = await graphOver(parts);
    const streams = await Promise.all(Array.from({ length: 5 }, () => streamOf(graph)));
    await settled(() => parts.log.open === 1);
    parts.log.publish(note('1'));
    for (const stream of streams) expect(await nextOf(stream)).toEqual(answerTo('1', 'e1'));
    expect(parts.usersAsked).toEqual(['u1']);
    expect(parts.log.subscribed).toHaveLength(1);
  });
});

describe('Equal subscriptions that were moved to another supergraph', () => {
  it('share what they listen to there', async () => {
    const parts = subgraphs();
    const graph = await graphOver({ ...parts, users: knowingAuthors(parts.users) });
    const streams = await Promise.all(Array.from({ length: 20 }, () => streamOf(graph)));
    await settled(() => parts.log.open === 1);
    parts.log.publish(note('1'));
    for (const stream of streams) await nextOf(stream);
    await graph.reload(MOVED);
    await settled(() => parts.log.subscribed.length === 2 && graph.snapshots.held === streams.length);
    parts.log.publish(note('2'));
    for (const stream of streams) expect(await nextOf(stream)).toEqual(answerTo('2', 'e2'));
    expect([parts.log.open, parts.log.subscribed.length]).toEqual([1, 2]);
  });
});

describe('The caller of a subscription', () => {
  async function identified() {
    const identity = new TestIdentity();
    const clock = { aheadMs: 0 };
    const now = () => Date.now() + clock.aheadMs;
    const log = pino({ level: 'silent' });
    const keys = new VerificationKeys(identity.ports.verification, { log, now });
    const revocations = new RevocationView(identity.ports.revocations, { log, now });
    const stop = new AbortController();
    cleanUps.push(() => stop.abort());
    keys.start(stop.signal);
    revocations.start(stop.signal);
    await settled(() => revocations.isTrustworthy() && keys.issuer !== null);
    const credentials = credentialsOf(
      accessTokens(keys, revocations, now),
      apiKeys(identity.ports.apiKeys, revocations, { deployment: 'internal', now }),
    );
    return { identity, credentials, revocations, clock };
  }
  const withToken = (token: string): Partial<ReceivedOperation> => ({
    rawHeaders: ['Authorization', `Bearer ${token}`],
  });

  it('is told to the subgraph, and never shared with another', async () => {
    const { identity, credentials } = await identified();
    const parts = subgraphs();
    const graph = await graphOver(parts, { credentials });
    const tenants = ['0197a0aa-0000-7000-8000-00000000000a', '0197a0aa-0000-7000-8000-00000000000b'];
    for (const tid of tenants) await streamOf(graph, withToken(identity.accessToken({ claims: { tid } })));
    await settled(() => parts.log.open === 2);
    expect(parts.log.subscribed.map(({ context }) => context.tenant?.id)).toEqual(tenants);
  });

  it.each([
    ['session', 'UNAUTHENTICATED'],
    ['user', 'UNAUTHENTICATED'],
    ['tenant', 'TENANT_SUSPENDED'],
  ] as const)('ends it when their %s is revoked, also between events', async (subject, code) => {
    const { identity, credentials } = await identified();
    const parts = subgraphs();
    const graph = await graphOver(parts, { credentials });
    const token = identity.accessToken();
    const stream = await streamOf(graph, withToken(token));
    await settled(() => parts.log.open === 1);
    const { sid, sub, tid } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<
      string,
      string
    >;
    identity.revoke(subject, { session: sid!, user: sub!, tenant: tid! }[subject]);
    await ends(stream, failure(code));
    await settled(() => parts.log.open === 0);
  });

  it('gets no event after their token has expired', async () => {
    const { identity, credentials, clock } = await identified();
    const parts = subgraphs();
    const stream = await streamOf(await graphOver(parts, { credentials }), withToken(identity.accessToken()));
    await settled(() => parts.log.open === 1);
    clock.aheadMs = 16 * 60_000;
    parts.log.publish(note('1'));
    await ends(stream, failure('UNAUTHENTICATED'));
  });
});

/** The users' subgraph of `MOVED`, which knows who wrote a note. */
const knowingAuthors = (users: SubgraphHandle): SubgraphHandle => ({
  ...users,
  execute: async (request, context) => {
    const { variables = {} } = request;
    const representations = (variables['representations'] ?? []) as { __typename: string; id: string }[];
    if (representations[0]?.__typename !== 'Note') return users.execute(request, context);
    const authors = representations.map(({ id }) => ({ author: { __typename: 'User', name: `name u${id}` } }));
    return { data: { _entities: authors } };
  },
});

/** As a real subgraph: its events hold what the document asks for, and nothing else. */
async function asAsked(log: EventLog, ...[request, context]: Parameters<EventLog['subscribe']>) {
  const events = await log.subscribe(request, context);
  const { next } = events;
  const asksForAuthor = request.query.includes('author');
  return Object.assign(events, {
    next: async () => {
      const result = await next();
      if (result.done || asksForAuthor) return result;
      const asked = { ...(result.value.data!['noteChanged'] as object), author: undefined };
      return { done: false as const, value: { ...result.value, data: { noteChanged: asked } } };
    },
  });
}

describe('A subscription whose supergraph is replaced', () => {
  const RENAMED = SDL.replace('type User', '"Somebody."\ntype User');

  it('goes on listening where its plan begins the same, and tells every event once', async () => {
    const parts = subgraphs();
    const graph = await graphOver(parts);
    const stream = await streamOf(graph);
    await settled(() => parts.log.open === 1);
    let published = 0;
    for (let version = 0; version < 5; version++) {
      parts.log.publish(note(String(++published)));
      await graph.reload(`${RENAMED}\n# ${version}`);
      parts.log.publish(note(String(++published)));
    }
    for (let number = 1; number <= published; number++)
      expect(await nextOf(stream)).toEqual(answerTo(String(number), `e${number}`));
    expect(parts.log.subscribed).toHaveLength(1);
  });

  it('answers with what the new one says', async () => {
    const parts = subgraphs();
    const graph = await graphOver(parts);
    const stream = await streamOf(graph, {}, 'subscription { noteChanged { author { __typename name } } }');
    await settled(() => parts.log.open === 1);
    parts.log.publish(note('1'));
    expect(await nextOf(stream)).toMatchObject({ data: { noteChanged: { author: { name: 'name u1' } } } });
    await graph.reload(supergraphOf({ notes: NOTES, users: USERS.replace('name: String', 'name: Int') }));
    let answer: unknown;
    do {
      await new Promise(setImmediate);
      parts.log.publish(note('2'));
      answer = await nextOf(stream);
    } while (!Object.hasOwn(answer as object, 'errors')); // while it is planned anew, the plan before is good
    expect(answer).toMatchObject({
      data: { noteChanged: { author: { name: null } } },
      errors: [{ message: 'A value does not fit the type of field User.name.' }],
    });
  });

  it('ends with SUBSCRIPTION_SCHEMA_CHANGED where it does not fit any more', async () => {
    const parts = subgraphs();
    const graph = await graphOver(parts);
    const stream = await streamOf(graph);
    await settled(() => parts.log.open === 1);
    await graph.reload(supergraphOf({ notes: NOTES.replace('text: String', 'body: String'), users: USERS }));
    await ends(stream, failure('SUBSCRIPTION_SCHEMA_CHANGED'));
    await settled(() => parts.log.open === 0);
  });

  it('lets go of the one before', async () => {
    const parts = subgraphs();
    const graph = await graphOver(parts);
    const stream = await streamOf(graph);
    const closed: string[] = [];
    const before = graph.snapshots.current;
    const close = before.planner.close.bind(before.planner);
    Object.assign(before.planner, { close: () => (closed.push(before.id), close()) });
    await graph.reload(RENAMED);
    await settled(() => closed.length > 0);
    await stream.return!();
  });

  it('listens anew where its plan begins otherwise, loses no event and tells none twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('event', 'turn', 'reload'), { maxLength: 25 }), async (actions) => {
        const parts = subgraphs();
        const notes: SubgraphHandle = { ...parts.notes, subscribe: (...asked) => asAsked(parts.log, ...asked) };
        const graph = await openGraph(SDL, handles(notes, knowingAuthors(parts.users)), { planners });
        const stream = await streamOf(graph);
        await settled(() => parts.log.open === 1);
        let published = 0;
        let reloads = 0;
        for (const action of [...actions, 'event', 'reload', 'event'] as const) {
          if (action === 'event') parts.log.publish(note(String(++published)));
          else if (action === 'reload') await graph.reload(`${reloads % 2 === 0 ? MOVED : SDL}\n# ${++reloads}`);
          else await new Promise(setImmediate);
        }
        for (let number = 1; number <= published; number++)
          expect(await nextOf(stream)).toEqual(answerTo(String(number), `e${number}`));
        expect(new Set(parts.log.subscribed.map(({ request }) => request.query)).size).toBe(2);
        await stream.return!();
        await graph.close();
      }),
      { numRuns: 15 },
    );
  });
});

describe('A client that reads more slowly than events come', () => {
  const COUNT = 2_500;
  async function flooded(named: boolean, slowConsumer: 'drop' | 'close' = 'close') {
    const parts = subgraphs();
    const graph = await graphOver(parts, { slowConsumer });
    const stream = await streamOf(graph, {}, 'subscription { noteChanged { id } }');
    const other = await streamOf(graph, {}, 'subscription { noteChanged { id } }');
    await settled(() => parts.log.open === 1);
    let read = 0;
    const reading = (async () => {
      for await (const { result } of other) {
        expect(result).toMatchObject({ data: { noteChanged: { id: String(++read) } } });
        if (read === COUNT) return;
      }
    })();
    for (let number = 1; number <= COUNT; number++) {
      parts.log.publish({ noteChanged: { __typename: 'Note', id: String(number) } }, { named });
      if (number % 100 === 0) await settled(() => read === number);
    }
    await reading;
    return { stream, parts };
  }

  it('gets every event that has an id later on, in order and once, and holds nobody up', async () => {
    const { stream, parts } = await flooded(true);
    expect(parts.log.open).toBe(0); // the other one has left, and nobody listens for this one until it reads
    for (let number = 1; number <= COUNT; number++)
      expect(await nextOf(stream)).toEqual({
        data: { noteChanged: { id: String(number) } },
        extensions: { eventId: `e${number}` },
      });
  });

  it('gets what is kept of events without ids and is sent away with SLOW_CONSUMER', async () => {
    const { stream } = await flooded(false);
    const payloads: unknown[] = [];
    for await (const { result } of stream) payloads.push(result);
    expect(payloads.pop()).toEqual(failure('SLOW_CONSUMER'));
    expect(payloads.length).toBeGreaterThanOrEqual(1_000);
    expect(payloads.length).toBeLessThan(COUNT);
    payloads.forEach((payload, at) => expect(payload).toEqual({ data: { noteChanged: { id: String(at + 1) } } }));
  });

  it('misses what was too much of them and is told so with the next, where that is configured', async () => {
    const { stream, parts } = await flooded(false, 'drop');
    const kept = 1_000 + 1 + 1_000; // in the queue, on its way into it, and waiting for an answer
    for (let number = 1; number <= kept; number++)
      expect(await nextOf(stream)).toEqual({ data: { noteChanged: { id: String(number) } } });
    await new Promise(setImmediate);
    parts.log.publish({ noteChanged: { __typename: 'Note', id: 'next' } });
    expect(await nextOf(stream)).toEqual({
      data: { noteChanged: { id: 'next' } },
      extensions: { eventId: `e${COUNT + 1}`, eventsMissed: true },
    });
  });

  it('that was away gets all it missed, however much that is, as fast as it reads', async () => {
    const parts = subgraphs();
    for (let number = 1; number <= 2_500; number++) parts.log.publish(note(String(number)));
    const stream = await streamOf(await graphOver(parts), { lastEventId: 'e1' });
    for (let number = 2; number <= 2_500; number++)
      expect(await nextOf(stream)).toMatchObject({ extensions: { eventId: `e${number}` } });
  });

  it.each([
    ['close', failure('SLOW_CONSUMER')],
    ['drop', { data: null, extensions: { eventsMissed: true } }],
  ] as const)('by more than is kept learns it, where it is to %s', async (slowConsumer, told) => {
    const parts = subgraphs();
    const stream = await streamOf(await graphOver(parts, { slowConsumer }), {}, 'subscription { noteChanged { id } }');
    await settled(() => parts.log.open === 1);
    for (let number = 1; number <= COUNT; number++)
      parts.log.publish({ noteChanged: { __typename: 'Note', id: String(number) } });
    await settled(() => parts.log.open === 0);
    parts.log.forget();
    let answer: unknown;
    for (let next = 1; ; next++) {
      answer = await nextOf(stream);
      if (!(answer as { data?: object }).data) break;
      expect(answer).toMatchObject({ data: { noteChanged: { id: String(next) } } });
    }
    expect(answer).toEqual(told);
  });
});

describe('A gap that a subgraph tells of', () => {
  it('is told on as it is, and fails nothing', async () => {
    const parts = subgraphs();
    const graph = await graphOver(parts);
    const stream = await streamOf(graph);
    await settled(() => parts.log.open === 1);
    parts.log.announceGap();
    parts.log.publish(note('1'));
    expect(await nextOf(stream)).toEqual({ data: null, extensions: { eventsMissed: true } });
    expect(await nextOf(stream)).toMatchObject({ data: { noteChanged: { id: '1' } } });
    expect(graph.logged).toEqual([]);
  });
});

describe('A subscriber who shares an event with others', () => {
  it('may leave while it is being answered, and nobody else notices', async () => {
    const parts = subgraphs();
    const gate = { open: () => undefined as void };
    const waits = new Promise<void>((resolve) => (gate.open = resolve));
    const users: SubgraphHandle = {
      ...parts.users,
      execute: async (...asked) => {
        await waits;
        return parts.users.execute(...asked);
      },
    };
    const graph = await graphOver({ ...parts, users });
    const facts = new RequestFacts('r1', null, Date.now() + 30_000, 'internal');
    const [leaves, stays] = [await streamOf(graph, { facts }), await streamOf(graph)];
    await settled(() => parts.log.open === 1);
    parts.log.publish(note('1'));
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    facts.end.abort(new Error('The client left.'));
    await leaves.return!();
    gate.open();
    expect(await nextOf(stays)).toEqual(answerTo('1', 'e1'));
  });
});

describe('What a caller may have', () => {
  const POLICED = supergraphOf({
    notes: NOTES.replace('text: String', 'text: String @policy(policies: [["reads"]])'),
    users: USERS,
  });
  const policy = { holds: true };
  const extensions = [{ name: 'policy', contract: 1 as const, decidePolicy: () => policy.holds }];
  const policed = async (parts: Subgraphs): Promise<OpenGraph> => {
    policy.holds = true;
    const graph = await openGraph(POLICED, handles(parts.notes, parts.users), { planners, extensions });
    cleanUps.push(() => graph.close());
    return graph;
  };

  it('is decided for every event, and the subgraph is asked for what is left, each event told once', async () => {
    const parts = subgraphs();
    const stream = await streamOf(await policed(parts));
    await settled(() => parts.log.open === 1);
    parts.log.publish(note('1'));
    expect(await nextOf(stream)).toEqual(answerTo('1', 'e1'));
    policy.holds = false;
    for (const id of ['2', '3', '4']) parts.log.publish(note(id));
    for (const id of ['2', '3', '4'])
      expect(await nextOf(stream)).toMatchObject({
        data: { noteChanged: { id, text: null } },
        errors: [{ path: ['noteChanged', 'text'], extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } }],
        extensions: { eventId: `e${id}` },
      });
    policy.holds = true;
    for (const id of ['5', '6']) parts.log.publish(note(id));
    for (const id of ['5', '6']) expect(await nextOf(stream)).toEqual(answerTo(id, `e${id}`));
    expect(parts.log.open).toBe(1);
  });

  it('changes before the first event: what was lost by that is told', async () => {
    const parts = subgraphs();
    const stream = await streamOf(await policed(parts));
    await settled(() => parts.log.open === 1);
    policy.holds = false;
    parts.log.publish(note('1'));
    await settled(() => parts.log.subscribed.length === 2 && parts.log.open === 1);
    parts.log.publish(note('2'));
    expect(await nextOf(stream)).toMatchObject({
      data: { noteChanged: { id: '2' } },
      extensions: { eventsMissed: true },
    });
  });
});

describe('A gateway with subscriptions', () => {
  it('lets go of every supergraph once, however its reloads and subscriptions interleave', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('subscribe', 'leave', 'reload', 'move', 'event', 'turn'), { maxLength: 30 }),
        async (actions) => {
          const parts = subgraphs();
          const graph = await openGraph(SDL, handles(parts.notes, knowingAuthors(parts.users)), { planners });
          const streams: ClientStream[] = [];
          const opening: Promise<unknown>[] = [];
          let version = 0;
          for (const action of actions) {
            if (action === 'subscribe') opening.push(streamOf(graph).then((stream) => streams.push(stream)));
            else if (action === 'leave') await streams.pop()?.return!();
            else if (action === 'reload') await graph.reload(`${SDL}\n# ${++version}`);
            else if (action === 'move') await graph.reload(`${++version % 2 === 0 ? SDL : MOVED}\n# ${version}`);
            else if (action === 'event') parts.log.publish(note('1'));
            else await new Promise(setImmediate);
          }
          await Promise.all(opening);
          for (const stream of streams) await stream.return!();
          await settled(() => parts.log.open === 0 && graph.subscriptions.count === 0);
          await settled(() => graph.snapshots.held === 0); // an answer under way may still hold one
          expect(graph.logged).toEqual([]);
          await graph.close();
        },
      ),
      { numRuns: 20 },
    );
  });

  it('that is closed takes no more', async () => {
    const parts = subgraphs();
    const graph = await graphOver(parts);
    const opening = streamOf(graph);
    graph.subscriptions.close();
    await ends(await opening);
    await settled(() => parts.log.open === 0);
    expect(graph.subscriptions.count).toBe(0);
  });

  it('keeps nothing of one that an extension failed', async () => {
    const parts = subgraphs();
    const extensions = [
      {
        name: 'broken',
        contract: 1 as const,
        onSubgraphFetch: () => {
          throw new Error('secret');
        },
      },
    ];
    const graph = await graphOver(parts, { extensions });
    await ends(await streamOf(graph), failure('INTERNAL', expect.any(String), 'notes'));
    expect([graph.subscriptions.count, graph.snapshots.held]).toEqual([0, 0]);
  });
});
