import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { supergraphOf } from '../../gateway/test-support/test-subgraphs.js';
import { freePort } from '../support/free-port.js';
import { runStack, temporaryDirectory, until, type StackProcess } from '../support/test-stack.js';
import { startTickingSubgraph, type TickingSubgraph } from '../support/ticking-subgraph.js';

const SUBSCRIPTIONS = 10_000;
/** Half of them on sockets that carry as many as a gateway allows, the other half on sockets of their own. */
const ON_ONE_SOCKET = 100;
const OPENED_AT_ONCE = 100;
/** Different documents: each has an upstream of its own. */
const DOCUMENTS = 50;

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';
const TICKS = `${LINK} type Query { none: Int } type Subscription { tick(of: Int): Tick }
  type Tick @key(fields: "id") { id: ID!  number: Int!  from: String! }`;

let ticks: TickingSubgraph;
let gateway: StackProcess;
let garbage: GarbageCollector;
let url: string;

beforeAll(async () => {
  ticks = await startTickingSubgraph();
  const directory = await temporaryDirectory();
  const file = join(directory, 'supergraph.graphql');
  await writeFile(file, supergraphOf({ ticks: TICKS }).replace('http://127.0.0.1:1/ticks/graphql', ticks.url));
  const [port, inspectorPort] = [await freePort(), await freePort()];
  url = `ws://127.0.0.1:${port}/graphql`;
  gateway = runStack(['start', 'gateway', '--supergraph', file, '--port', String(port), '--auth', 'off'], {
    DATA_DIR: join(directory, 'unused'),
    NODE_OPTIONS: `--inspect=127.0.0.1:${inspectorPort}`,
  });
  await until('the gateway is ready', async () => (await fetch(`http://127.0.0.1:${port}/ready`)).ok);
  garbage = await garbageCollectorAt(inspectorPort);
});
afterAll(async () => {
  garbage.disconnect();
  gateway.child.kill();
  await gateway.ended;
  await ticks.kill();
});

async function residentMegabytes(): Promise<number> {
  const status = await readFile(`/proc/${gateway.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1_024;
}

interface GarbageCollector {
  /** Resolves when nothing but what is in use is left of the heap. A process without work would keep it for hours. */
  collect(): Promise<void>;
  disconnect(): void;
}

/** The gateway's own, by its inspector (Chrome DevTools Protocol). */
async function garbageCollectorAt(port: number): Promise<GarbageCollector> {
  const [target] = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as [{ webSocketDebuggerUrl: string }];
  const inspector = new WebSocket(target.webSocketDebuggerUrl, { perMessageDeflate: false });
  await once(inspector, 'open');
  return {
    async collect() {
      inspector.send('{"id":1,"method":"HeapProfiler.collectGarbage"}');
      await once(inspector, 'message');
    },
    disconnect: () => inspector.close(),
  };
}

/** Many subscriptions, and how often each event has arrived. */
class Crowd {
  readonly arrivals = new Map<number, number>();
  readonly closings: number[] = [];
  readonly #sockets: WebSocket[] = [];

  /** So many subscriptions on each socket. Resolves when all are sent. */
  async join(sockets: number, onEach: number): Promise<void> {
    let left = sockets;
    const openOnAndOn = async (): Promise<void> => {
      while (left-- > 0) await this.#open(onEach);
    };
    await Promise.all(Array.from({ length: OPENED_AT_ONCE }, openOnAndOn));
  }

  async leave(): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    await until('all have left', async () => this.closings.length === this.#sockets.length);
  }

  #open(subscriptions: number): Promise<void> {
    const socket = new WebSocket(url, 'graphql-transport-ws', { perMessageDeflate: false });
    this.#sockets.push(socket);
    return new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', (code) => this.closings.push(code));
      socket.on('open', () => socket.send('{"type":"connection_init"}'));
      socket.on('message', (data) => {
        const text = String(data);
        const number = /"number":(\d+)/.exec(text)?.[1];
        if (number !== undefined) return this.#heard(Number(number));
        for (let id = 0; id < subscriptions; id++) {
          const query = `subscription { tick(of: ${(this.#sockets.length + id) % DOCUMENTS}) { id number from } }`;
          socket.send(JSON.stringify({ type: 'subscribe', id: String(id), payload: { query } }));
        }
        resolve();
      });
    });
  }

  #heard(number: number): void {
    this.arrivals.set(number, (this.arrivals.get(number) ?? 0) + 1);
  }
}

describe('Ten thousand subscriptions', () => {
  it('stay under 1 GB, all have an event within seconds, and leave nothing behind', async () => {
    await garbage.collect();
    const empty = await residentMegabytes();
    let number = 0;
    const heardBy = ({ arrivals }: Crowd, withinMs: number): Promise<void> =>
      until(`all have event ${number}`, async () => arrivals.get(number) === SUBSCRIPTIONS, withinMs);
    /** Publishes until all have the same event, which shows that all have subscribed. */
    const subscribed = (crowd: Crowd): Promise<void> =>
      until('all have subscribed', async () => {
        await ticks.publish(++number);
        await heardBy(crowd, 10_000);
        return true;
      });

    const crowd = new Crowd();

    await crowd.join(SUBSCRIPTIONS / 2 / ON_ONE_SOCKET, ON_ONE_SOCKET);
    await crowd.join(SUBSCRIPTIONS / 2, 1);
    await subscribed(crowd);
    expect(await ticks.subscriptions()).toBe(DOCUMENTS);
    expect(await residentMegabytes()).toBeLessThan(1_024);

    const delays: number[] = [];
    for (let event = 0; event < 10; event++) {
      const published = performance.now();
      await ticks.publish(++number);
      await heardBy(crowd, 60_000);
      delays.push(performance.now() - published);
    }
    // Two seconds are promised, and measured by bench:streaming. Here the clients are one process, and it is this one.
    expect(Math.min(...delays)).toBeLessThan(5_000);
    expect(await residentMegabytes()).toBeLessThan(1_024);
    expect(crowd.closings).toEqual([]);

    await crowd.leave();
    await until('nobody is subscribed', async () => (await ticks.subscriptions()) === 0);
    await garbage.collect();
    expect(await residentMegabytes()).toBeLessThan(empty + 50);
  }, 600_000);
});
