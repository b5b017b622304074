import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { supergraphOf } from '../../gateway/test-support/test-subgraphs.js';
import { overEventStream, overWebSocket, type Subscriber, type SubscriberOptions } from '../support/subscribers.js';
import { freePort } from '../support/free-port.js';
import { runStack, temporaryDirectory, until, type StackProcess } from '../support/test-stack.js';
import { startTickingSubgraph, type TickingSubgraph } from '../support/ticking-subgraph.js';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';
const SDL = {
  ticks: `${LINK} type Query { none: Int } type Subscription { tick: Tick }
    type Tick @key(fields: "id") { id: ID!  number: Int!  from: String!  pad: String }`,
  labels: `${LINK} type Tick @key(fields: "id") { id: ID!  label: String }`,
  others: `${LINK} type Query { nothing: Int } type Subscription { other: Other }
    type Other @key(fields: "id") { id: ID!  number: Int!  from: String! }`,
} as const;
const SUPERGRAPH = supergraphOf(SDL);

const PLAIN = 'subscription { tick { id number from } }';
const PADDED = 'subscription { tick { id number from pad } }';
const JOINED = 'subscription { tick { id number from label } }';
const OTHER = 'subscription { other { id number from } }';

interface Tick {
  readonly number: number;
  readonly from: string;
  readonly label?: string | null;
}

/** Where each subgraph is. */
type Places = Readonly<Record<keyof typeof SDL, TickingSubgraph>>;

const supergraphAt = (places: Places): string =>
  (Object.keys(SDL) as (keyof typeof SDL)[]).reduce(
    (sdl, name) => sdl.replace(`http://127.0.0.1:1/${name}/graphql`, places[name].url),
    SUPERGRAPH,
  );

interface StartedGateway {
  readonly url: string;
  readonly port: number;
  /** Of its supergraph. */
  readonly file: string;
  readonly process: StackProcess;
}

let running: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});

async function ticking(options: Parameters<typeof startTickingSubgraph>[0] = {}): Promise<TickingSubgraph> {
  const subgraph = await startTickingSubgraph(options);
  running.push({ stop: subgraph.kill });
  return subgraph;
}

interface GatewayWishes {
  readonly onPort?: number;
  /** Of its JavaScript heap. */
  readonly atMostMegabytes?: number;
}

async function startedGateway(
  places: Places,
  { onPort, atMostMegabytes }: GatewayWishes = {},
): Promise<StartedGateway> {
  const directory = await temporaryDirectory();
  const file = join(directory, 'supergraph.graphql');
  await writeFile(file, supergraphAt(places));
  const port = onPort ?? (await freePort());
  const process = runStack(['start', 'gateway', '--supergraph', file, '--port', String(port), '--auth', 'off'], {
    DATA_DIR: join(directory, 'unused'),
    LOG_LEVEL: 'warn',
    ...(atMostMegabytes && { NODE_OPTIONS: `--max-old-space-size=${atMostMegabytes}` }),
  });
  running.push({
    stop() {
      process.child.kill('SIGKILL');
      return process.ended;
    },
  });
  await Promise.race([
    until('the gateway is ready', async () => (await fetch(`http://127.0.0.1:${port}/ready`)).ok),
    process.ended.then((how) => {
      throw new Error(`The gateway ended with ${how}:\n${process.output()}`);
    }),
  ]);
  return { url: `http://127.0.0.1:${port}/graphql`, port, file, process };
}

/** One client for each transport and query; they leave when the test ends. */
function subscribed(url: string, queries: readonly string[], options: SubscriberOptions = {}): readonly Subscriber[] {
  const all = queries.flatMap((query) => [overWebSocket(url, query, options), overEventStream(url, query, options)]);
  running.push({ stop: async () => all.forEach((one) => one.leave()) });
  return all;
}

const tickIn = ({ data }: Subscriber['events'][number]): Tick | undefined =>
  (data?.['tick'] ?? data?.['other']) as Tick | undefined;
const lastOf = ({ events }: Subscriber): Tick | undefined => (events.length === 0 ? undefined : tickIn(events.at(-1)!));
/** In the order in which they came; `undefined` for a payload that is no event. */
const numbersOf = ({ events }: Subscriber): (number | undefined)[] => events.map((event) => tickIn(event)?.number);
const upTo = (last: number, first = 1): number[] => Array.from({ length: last - first + 1 }, (_, at) => first + at);

const have = (subscribers: readonly Subscriber[], number: number): Promise<void> =>
  until(`everybody has event ${number}`, async () => subscribers.every((one) => lastOf(one)?.number === number));

/** Publishes until everybody has heard of one event, which shows that all are there; answers that event's number. */
async function allThere(subscribers: readonly Subscriber[], subgraph: TickingSubgraph): Promise<number> {
  let number = 0;
  await until('everybody has subscribed', async () => {
    await subgraph.publish(++number);
    return subscribers.every(({ events }) => events.length > 0);
  });
  await have(subscribers, number);
  return number;
}

describe('A reload', () => {
  const REWRITES = 20;

  it('under live subscriptions loses no event, doubles none and keeps their order, wherever the subgraphs move', async () => {
    const [one, two] = [await ticking({ from: 'one' }), await ticking({ from: 'two' })];
    const others = await ticking({ field: 'other' });
    // Each differs from the one before in one subgraph's place: the one that tells the events, or the one that labels them.
    const ways = [
      [one, one],
      [one, two],
      [two, two],
      [two, one],
    ].map(([ticks, labels]) => ({
      places: { ticks: ticks!, labels: labels!, others },
      from: ticks === one ? 'one' : 'two',
      labelled: labels === one ? 'one' : 'two',
    }));
    const { url, file } = await startedGateway(ways[0]!.places);
    const subscribers = subscribed(url, [PLAIN, JOINED, JOINED]);
    let number = await allThere(subscribers, one);
    await two.publish(number);
    const firsts = subscribers.map((subscriber) => numbersOf(subscriber)[0]!);

    const steadily = setInterval(() => {
      number++;
      void one.publish(number);
      void two.publish(number);
    }, 5);
    for (let rewrite = 1; rewrite <= REWRITES; rewrite++) {
      const { places, from, labelled } = ways[rewrite % ways.length]!;
      await writeFile(file, supergraphAt(places));
      await until(`everybody is served by rewrite ${rewrite}`, async () =>
        subscribers.every((subscriber) => {
          const { from: ticksFrom, label } = lastOf(subscriber) ?? {};
          return ticksFrom === from && (label === undefined || label!.endsWith(`from ${labelled}`));
        }),
      );
    }
    clearInterval(steadily);
    await have(subscribers, number);

    expect(number).toBeGreaterThan(REWRITES * 20);
    for (const [at, subscriber] of subscribers.entries())
      expect([subscriber.transport, numbersOf(subscriber)]).toEqual([subscriber.transport, upTo(number, firsts[at])]);
    expect(subscribers.flatMap(({ endings }) => endings)).toEqual([]);
    await until('one replica alone is listened to', async () => (await two.subscriptions()) === 0);
  });
});

describe('A subgraph', () => {
  it('that is killed ends its subscriptions with SUBGRAPH_UNREACHABLE, and nobody else’s', async () => {
    const [ticks, others] = [await ticking(), await ticking({ field: 'other' })];
    const { url } = await startedGateway({ ticks, labels: others, others });
    const bereft = subscribed(url, [PLAIN, JOINED]);
    const unharmed = subscribed(url, [OTHER]);
    await allThere(bereft, ticks);
    const number = await allThere(unharmed, others);
    await ticks.kill();
    await until('its subscriptions have ended', async () => bereft.every(({ endings }) => endings.length > 0));
    expect(bereft.map(({ events }) => events.at(-1))).toEqual(
      bereft.map(() => ({
        errors: [{ message: expect.any(String), extensions: { code: 'SUBGRAPH_UNREACHABLE', service: 'ticks' } }],
      })),
    );
    await others.publish(number + 1);
    await have(unharmed, number + 1);
    expect(unharmed.flatMap(({ endings }) => endings)).toEqual([]);
  });

  it('that floods a client which does not read costs the gateway little memory, others nothing, and the client no event', async () => {
    const EVENTS = 100_000;
    const [ticks, others] = [await ticking({ padding: 8_000 }), await ticking({ field: 'other' })];
    const { url, process } = await startedGateway({ ticks, labels: others, others }, { atMostMegabytes: 200 });
    const unharmed = subscribed(url, [OTHER]);
    let number = await allThere(unharmed, others);
    const reading = subscribed(url, [PLAIN]);
    const first = (await allThere(reading, ticks)) + 1;
    const stuck = await subscribedAndStuck(url);
    await until('it is subscribed', async () => (await ticks.subscriptions()) === 2);
    const before = await residentMegabytes(process);

    let most = before;
    const watching = setInterval(() => {
      residentMegabytes(process).then(
        (megabytes) => (most = Math.max(most, megabytes)),
        () => clearInterval(watching),
      );
    }, 20);
    await ticks.publish(EVENTS);
    for (const end = number + 20; number < end;) {
      await others.publish(++number);
      await have(unharmed, number);
    }
    clearInterval(watching);
    expect(most - before).toBeLessThan(300); // of 800 MB

    // More than was kept for it: the gateway has asked for the rest when there was room.
    const events = await stuck.readAtLast(5_000);
    expect(events).toEqual(upTo(first + events.length - 1, first));
    for (const subscriber of reading) {
      const numbers = numbersOf(subscriber).filter((one) => one !== undefined);
      expect(numbers).toEqual(upTo(numbers.at(-1)!, numbers[0]));
      expect(numbers.length).toBeGreaterThan(0);
    }
    expect(unharmed.flatMap(({ endings }) => endings)).toEqual([]);
  });
});

interface Message {
  readonly type: string;
  readonly payload?: { readonly data?: { readonly tick: Tick } };
}

/** Subscribes to long ticks and reads nothing from then on. */
async function subscribedAndStuck(url: string): Promise<{ readAtLast(count: number): Promise<readonly number[]> }> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws');
  running.push({ stop: async () => socket.terminate() });
  const numbers: number[] = [];
  await new Promise<void>((resolve) => {
    socket.on('open', () => socket.send('{"type":"connection_init"}'));
    socket.once('message', () => {
      socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: PADDED } }), () => resolve());
    });
  });
  socket.pause();
  socket.on('message', (data) => {
    const { type, payload } = JSON.parse(String(data)) as Message;
    if (type === 'next') numbers.push(payload!.data!.tick.number);
  });
  return {
    async readAtLast(count) {
      socket.resume();
      await until('it has read what it missed', async () => numbers.length >= count);
      return numbers.slice(0, count);
    },
  };
}

async function residentMegabytes({ child }: StackProcess): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1_024;
}

describe('A gateway that is stopped', () => {
  it('closes WebSockets with 1001, ends event streams without a word, and exits with 0', async () => {
    const [ticks, others] = [await ticking(), await ticking({ field: 'other' })];
    const { url, process } = await startedGateway({ ticks, labels: others, others });
    const subscribers = subscribed(url, [PLAIN, JOINED]);
    await allThere(subscribers, ticks);
    process.child.kill('SIGTERM');
    expect(await process.ended).toBe(0);
    await until('everybody knows', async () => subscribers.every(({ endings }) => endings.length > 0));
    expect(subscribers.map(({ transport, endings }) => [transport, ...endings])).toEqual([
      ['WebSocket', '1001'],
      ['event stream', 'ended'],
      ['WebSocket', '1001'],
      ['event stream', 'ended'],
    ]);
    await until('the subgraph is left alone', async () => (await ticks.subscriptions()) === 0);
  });

  it('and started again tells clients that come back with their last event what they missed, once and in order', async () => {
    const [ticks, others] = [await ticking(), await ticking({ field: 'other' })];
    const places = { ticks, labels: others, others };
    const first = await startedGateway(places);
    const subscribers = subscribed(first.url, [PLAIN, JOINED], { comesBack: true });
    const number = await allThere(subscribers, ticks);
    const firsts = subscribers.map((subscriber) => numbersOf(subscriber)[0]!);
    first.process.child.kill('SIGTERM');
    expect(await first.process.ended).toBe(0);
    const missed = number + 10_000;
    await ticks.publish(missed);
    await startedGateway(places, { onPort: first.port });
    await have(subscribers, missed);
    await ticks.publish(missed + 1);
    await have(subscribers, missed + 1);
    for (const [at, subscriber] of subscribers.entries())
      expect([subscriber.transport, numbersOf(subscriber)]).toEqual([
        subscriber.transport,
        upTo(missed + 1, firsts[at]),
      ]);
  });
});
