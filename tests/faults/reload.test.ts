import { writeFile } from 'node:fs/promises';
import { Agent, request as send } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { inProcess, servedBy, supergraphOf, type HttpPeer } from '../../gateway/test-support/test-subgraphs.js';
import { freePort } from '../support/free-port.js';
import { runStack, temporaryDirectory, until, type StackProcess } from '../support/test-stack.js';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';
const ITEM = 'item(id: ID!): Item';
const LEFT = `${LINK} type Query { ${ITEM} } type Mutation { ${ITEM} } type Item @key(fields: "id") { id: ID! left: String }`;
const RIGHT = `${LINK} type Item @key(fields: "id") { id: ID! right: String }`;
const SUPERGRAPH = supergraphOf({ left: LEFT, right: RIGHT });
/** First the left subgraph, then the right one. */
const documentOf = (kind: Kind): string => `${kind} ($id: ID!) { item(id: $id) { id left right } }`;
/** By turns. */
const KINDS = ['query', 'mutation'] as const;
type Kind = (typeof KINDS)[number];

const CONNECTIONS = 8;
const REWRITES = 20;

/** Both subgraphs in one place, whose name is in all they answer. */
interface Place {
  readonly name: string;
  readonly left: HttpPeer;
  readonly right: HttpPeer;
  /** Whose left side was asked for, as often as it was. */
  readonly seen: string[];
  /** The supergraph that says the subgraphs are here. */
  readonly supergraph: string;
  /** From here on the left subgraph answers when what is returned is called. */
  hold(): () => void;
}

async function place(name: string): Promise<Place> {
  const seen: string[] = [];
  let mayAnswer = Promise.resolve();
  const leftItem = async ({ id }: { id: string }) => {
    seen.push(id);
    await mayAnswer;
    return { id, left: name };
  };
  const left = await servedBy(inProcess('left', LEFT, () => ({ item: leftItem }), nothing));
  const right = await servedBy(inProcess('right', `${RIGHT} type Query { none: Int }`, nothing, rightItem));
  function rightItem({ id }: Record<string, unknown>) {
    return { __typename: 'Item', id, right: name };
  }
  return {
    name,
    left,
    right,
    seen,
    supergraph: SUPERGRAPH.replace('http://127.0.0.1:1/left', left.url).replace('http://127.0.0.1:1/right', right.url),
    hold() {
      let release!: () => void;
      mayAnswer = new Promise((resolve) => (release = resolve));
      return release;
    },
  };
}

const nothing = () => ({});

let one: Place;
let two: Place;
let file: string;
beforeAll(async () => {
  [one, two] = [await place('one'), await place('two')];
  file = join(await temporaryDirectory(), 'supergraph.graphql');
});
afterAll(async () => {
  for (const peer of [one, two].flatMap(({ left, right }) => [left, right])) await peer.close();
});

async function startedGateway(): Promise<{ gateway: StackProcess; port: number }> {
  await writeFile(file, one.supergraph);
  const port = await freePort();
  const gateway = runStack(['start', 'gateway', '--supergraph', file, '--port', String(port), '--auth', 'off'], {
    LOG_LEVEL: 'warn',
  });
  await Promise.race([
    until('the gateway is ready', async () => (await fetch(`http://127.0.0.1:${port}/ready`)).ok, 90_000),
    gateway.ended.then((how) => {
      throw new Error(`The gateway ended with ${how}:\n${gateway.output()}`);
    }),
  ]);
  return { gateway, port };
}

type Outcome =
  | { readonly kind: 'answered'; readonly id: string; readonly status: number; readonly body: string }
  | { readonly kind: 'failed'; readonly id: string; readonly code: string | undefined };

/** Asks without a pause over each of its connections, until `stop`, or until a request finds no server. No id twice. */
function load(port: number) {
  const outcomes: Outcome[] = [];
  let stopped = false;
  let sent = 0;
  const connections = Array.from({ length: CONNECTIONS }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!stopped) {
      const outcome = await ask(port, agent, KINDS[++sent % KINDS.length]!, sent);
      outcomes.push(outcome);
      if (outcome.kind === 'failed') break;
    }
    agent.destroy();
  });
  return {
    outcomes,
    async stop() {
      stopped = true;
      await Promise.all(connections);
    },
  };
}

function ask(port: number, agent: Agent, kind: Kind, count: number): Promise<Outcome> {
  const id = `${kind}-${count}`;
  return new Promise((resolve) => {
    const failed = ({ code }: NodeJS.ErrnoException) => resolve({ kind: 'failed', id, code });
    const request = send(
      {
        host: '127.0.0.1',
        port,
        path: '/graphql',
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json' },
      },
      (response) => {
        text(response).then((body) => resolve({ kind: 'answered', id, status: response.statusCode!, body }), failed);
      },
    );
    request.on('error', failed);
    request.end(JSON.stringify({ query: documentOf(kind), variables: { id } }));
  });
}

const whole = (id: string, { name }: Place): string =>
  JSON.stringify({ data: { item: { id, left: name, right: name } } });
const isWhole = (outcome: Outcome, from: Place): boolean =>
  outcome.kind === 'answered' && outcome.status === 200 && outcome.body === whole(outcome.id, from);

describe('A gateway under constant load', () => {
  it('takes over every supergraph that is written to its file: no request fails or sees two of them, and every mutation is carried out once', async () => {
    const { gateway, port } = await startedGateway();
    const { outcomes, stop } = load(port);
    for (let rewrite = 1; rewrite <= REWRITES; rewrite++) {
      const [next, before] = rewrite % 2 === 1 ? [two, one] : [one, two];
      const from = outcomes.length;
      await writeFile(file, next.supergraph);
      await until(`rewrite ${rewrite} is served`, async () => outcomes.slice(from).some((each) => isWhole(each, next)));
      await until('nobody is connected to where the subgraphs were', async () =>
        [before.left, before.right].every(({ connections }) => connections.size === 0),
      );
    }
    await stop();
    expect(outcomes.filter((outcome) => !isWhole(outcome, one) && !isWhole(outcome, two))).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(REWRITES * CONNECTIONS);
    const mutations = (ids: readonly string[]) => ids.filter((id) => id.startsWith('mutation')).sort();
    expect(mutations([...one.seen, ...two.seen])).toEqual(mutations(outcomes.map(({ id }) => id)));
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
  }, 240_000);

  it('that is told to stop answers every request it accepted, whole, and exits with 0', async () => {
    const { gateway, port } = await startedGateway();
    one.seen.length = 0;
    const { outcomes, stop } = load(port);
    await until('the load is on', async () => outcomes.length > 10 * CONNECTIONS);
    const letGo = one.hold();
    const waiting = () => one.seen.filter((id) => !outcomes.some((outcome) => outcome.id === id));
    await until('every connection waits for an answer', async () => waiting().length === CONNECTIONS);
    const held = waiting();
    gateway.child.kill('SIGTERM');
    await until('it takes no new connections', () => isRefused(port));
    letGo();
    expect(await gateway.ended).toBe(0);
    await stop();
    // What never reached a subgraph was not accepted: its connection was refused, or closed before it was read.
    const accepted = outcomes.filter(({ id }) => one.seen.includes(id));
    expect(accepted.filter((outcome) => !isWhole(outcome, one))).toEqual([]);
    expect(accepted.map(({ id }) => id)).toEqual(expect.arrayContaining(held));
    expect(outcomes.filter((outcome) => outcome.kind === 'failed')).toHaveLength(CONNECTIONS);
  }, 120_000);
});

const isRefused = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => (socket.destroy(), resolve(false)));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
