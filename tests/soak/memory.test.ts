import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'undici';
import { supergraphOf } from '../../gateway/test-support/test-subgraphs.js';
import { freePort } from '../support/free-port.js';
import { runStack, temporaryDirectory, until, type StackProcess } from '../support/test-stack.js';

const REQUESTS = 1_000_000;
const CONNECTIONS = 4;
/** Requests on one connection that wait for their answers. */
const PIPELINED = 8;
/** Different bodies, so that equal ones in flight are the exception. */
const BODIES = 500;
const SAMPLE_EVERY = 10_000;

const THINGS = 'type Query { things(seed: Int!): [Thing!]! } type Thing @key(fields: "id") { id: ID! }';
const NAMES = 'type Thing @key(fields: "id") { id: ID!  name: String! }';
const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n';

let gateway: StackProcess;
let subgraphs: readonly Server[];
let url: URL;

/** Three things, or the names of those that are asked for. */
function answer(body: string): string {
  const { variables } = JSON.parse(body) as { variables: { seed?: number; representations?: { id: string }[] } };
  const { seed = 0, representations } = variables;
  return JSON.stringify({
    data: representations
      ? { _entities: representations.map(({ id }) => ({ name: `thing ${id}` })) }
      : { things: [0, 1, 2].map((number) => ({ __typename: 'Thing', id: String(seed * 10 + number) })) },
  });
}

async function subgraph(): Promise<Server> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => response.setHeader('content-type', 'application/json').end(answer(body)));
  });
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return server;
}

beforeAll(async () => {
  subgraphs = await Promise.all([subgraph(), subgraph()]);
  const [things, names] = subgraphs.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const sdl = supergraphOf({ things: LINK + THINGS, names: LINK + NAMES })
    .replace('http://127.0.0.1:1/things/graphql', things!)
    .replace('http://127.0.0.1:1/names/graphql', names!);
  const directory = await temporaryDirectory();
  const file = join(directory, 'supergraph.graphql');
  await writeFile(file, sdl);
  const port = await freePort();
  url = new URL(`http://127.0.0.1:${port}`);
  gateway = runStack(['start', 'gateway', '--supergraph', file, '--port', String(port), '--auth', 'off'], {
    DATA_DIR: join(directory, 'unused'),
  });
  await until('the gateway is ready', async () => (await fetch(`${url}ready`)).ok);
});
afterAll(async () => {
  gateway.child.kill();
  await gateway.ended;
  for (const server of subgraphs) {
    server.closeAllConnections();
    server.close();
  }
});

const bodies = Array.from({ length: BODIES }, (_, seed) =>
  JSON.stringify({ query: 'query ($seed: Int!) { things(seed: $seed) { id name } }', variables: { seed } }),
);

async function residentMegabytes(): Promise<number> {
  const status = await readFile(`/proc/${gateway.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1_024;
}

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[values.length >> 1]!;

describe('A million requests', () => {
  it('leave the gateway with the memory it had when it was warm, and none of them fails', async () => {
    const samples: number[] = [];
    let sent = 0;
    let answered = 0;
    const wrong: string[] = [];

    async function askOnAndOn(client: Client): Promise<void> {
      while (sent < REQUESTS) {
        const seed = sent++ % BODIES;
        const { statusCode, body } = await client.request({
          method: 'POST',
          path: '/graphql',
          headers: { 'content-type': 'application/json' },
          body: bodies[seed]!,
        });
        const text = await body.text();
        if (statusCode !== 200 || !text.includes(`"name":"thing ${seed * 10 + 2}"`)) wrong.push(text);
        if (++answered % SAMPLE_EVERY === 0) samples.push(await residentMegabytes());
      }
    }

    const clients = Array.from({ length: CONNECTIONS }, () => new Client(url.origin, { pipelining: PIPELINED }));
    await Promise.all(clients.flatMap((client) => Array.from({ length: PIPELINED }, () => askOnAndOn(client))));
    await Promise.all(clients.map((client) => client.close()));

    expect(wrong).toEqual([]);
    expect(answered).toBe(REQUESTS);
    const warm = median(samples.slice(20, 40));
    const last = median(samples.slice(-20));
    expect(last).toBeLessThan(warm * 1.1);
    expect(last).toBeLessThan(300);
  }, 1_800_000);
});
