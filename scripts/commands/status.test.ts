import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../test-support/run-command.js';
import { ExitCode } from './command.js';
import { statusCommand } from './status.js';

const latency = { p50: 2.04, p99: 140.2, max: 2_000 };
const operation = { signature: 'a'.repeat(64), name: 'Notes', count: 8, errors: 0, share: 0.8, latency };
const slow = { ...operation, name: null, count: 2, share: 0.2, latency: { p50: null, p99: null, max: null } };
const STATUS = {
  ready: true,
  parts: [{ name: 'gateway', ready: true, reason: null }],
  jobs: { waiting: 1, running: 0, failed: 2 },
  traffic: {
    knownSince: '2026-11-22T12:00:00.000Z',
    gateways: 2,
    lost: 0,
    requests: 10,
    perSecond: 0.51,
    errorRate: 0.1,
    latency,
    most: [operation, slow],
    slow: [slow],
    failing: [],
    subgraphs: [{ name: 'starter', fetches: 8, failed: 1, share: 1, latency }],
    fetchHeat: [{ subgraph: 'starter', type: 'User', fetches: 8, entities: 40, share: 1 }],
  },
};

let server: Server;
let url: string;
/** What the gateway answers next, and what it was asked. */
let answer: { status: number; body: unknown };
let asked: { token: string | undefined; variables: unknown };
beforeAll(async () => {
  server = createServer((request, response) => {
    void json(request).then((body) => {
      asked = { token: request.headers.authorization, variables: (body as { variables: unknown }).variables };
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

const status = (args: readonly string[] = [], env: NodeJS.ProcessEnv = { STACK_TOKEN: 'its-token' }) =>
  runCommand([statusCommand], { root: '/nowhere', env }, ['status', '--url', url, ...args]);
const told = (changes: object = {}) => ({ status: 200, body: { data: { stackStatus: { ...STATUS, ...changes } } } });

describe('stack status', () => {
  it('tells of parts, jobs, traffic, operations, subgraphs and heat', async () => {
    answer = told();
    expect(await status(['--minutes', '30', '--first', '2'])).toMatchObject({
      exitCode: ExitCode.Ok,
      complained: '',
      printed: `ready: 1 parts
jobs: 1 waiting, 0 running, 2 given up
last 30 minutes, of 2 gateways: 10 requests, 0.5 a second, 10.0 % with errors, p50 2.0 ms, p99 140 ms, longest 2000 ms

most sent
  Notes         8 (80.0 %)  0 with errors  p50 2.0 ms, p99 140 ms, longest 2000 ms
  aaaaaaaaaaaa  2 (20.0 %)  0 with errors  not timed

slowest
  aaaaaaaaaaaa  2 (20.0 %)  0 with errors  not timed

subgraphs
  starter  8 fetches (100.0 %)  1 failed  p50 2.0 ms, p99 140 ms, longest 2000 ms

fetched most
  starter User  8 fetches (100.0 %)  40 entities
`,
    });
    expect(asked).toEqual({ token: 'Bearer its-token', variables: { minutes: 30, first: 2 } });
  });

  it('exits with 1 where a part is not ready, and names it; --json is all of it', async () => {
    answer = told({
      ready: false,
      parts: [{ name: 'starter', ready: false, reason: 'it is \u001b[31mdown' }],
      traffic: null,
    });
    const { exitCode, printed } = await status();
    expect(exitCode).toBe(ExitCode.Findings);
    expect(printed).toMatch(/^not ready\n {2}starter: it is \ufffd\[31mdown\n/);
    expect(printed).toContain('traffic: it could not be read');
    const asJson = await status(['--json']);
    expect([asJson.exitCode, JSON.parse(asJson.printed)]).toMatchObject([
      ExitCode.Findings,
      { ready: false, traffic: null },
    ]);
  });

  it.each([
    [401, { errors: [{ message: 'x' }] }, 'does not accept STACK_TOKEN'],
    [200, { data: { stackStatus: null }, errors: [{ message: 'You may not do this.' }] }, 'You may not do this.'],
    [502, '<html>', 'does not answer as a stack does (status 502)'],
  ])('exits with 2 where it is answered %d %j, and says why', async (code, body, why) => {
    answer = { status: code, body };
    expect(await status()).toMatchObject({ exitCode: ExitCode.CouldNotRun, error: expect.stringContaining(why) });
  });

  it('says what it needs', async () => {
    expect(await status([], {})).toMatchObject({ error: expect.stringContaining('STACK_TOKEN') });
    expect((await status(['--minutes', '2881'])).complained).toContain('A whole number from 1 to 2880.');
  });
});
