import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { SubgraphHandle } from '@inevitable/contract';
import { newSigningKey, TestIdentity } from './test-support/test-identity.js';
import { testGateway, type TestGateway } from './test-support/test-gateway.js';
import { accounts, handles, httpPeer, notes, servedBy } from './test-support/test-subgraphs.js';
import { httpSubgraph } from './transports/http-subgraph.js';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close();
});
const started = async (options?: Parameters<typeof testGateway>[0]): Promise<TestGateway> => {
  const gateway = await testGateway(options);
  closing.push(gateway);
  return gateway;
};

/** A subgraph that answers when the test says so. */
function held(): { handle: SubgraphHandle; asked: Promise<AbortSignal>; answer: () => void } {
  let answer!: () => void;
  let sawRequest!: (signal: AbortSignal) => void;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const asked = new Promise<AbortSignal>((resolve) => (sawRequest = resolve));
  const handle = accounts({
    execute: async (request, context) => {
      sawRequest(context.signal);
      await answered;
      return accounts().execute(request, context);
    },
  });
  return { handle, asked, answer };
}

describe('A gateway', () => {
  it('listens before identity is up, says what it waits for, and becomes ready by itself', async () => {
    const identity = new TestIdentity();
    identity.down = new Error('Identity did not answer at http://127.0.0.1:3333.');
    const gateway = await started({ identityUsed: identity, ready: false });
    const token = identity.accessToken();
    expect((await gateway.get('/live')).status).toBe(200);
    const ready = await gateway.get('/ready');
    const { parts } = (await ready.json()) as { parts: { name: string; ready: boolean; reason: string | null }[] };
    expect([ready.status, parts.filter((part) => !part.ready).map(({ name }) => name)]).toEqual([
      503,
      ['verification keys', 'revocation feed', 'context key'],
    ]);
    expect(await gateway.query('{ open }')).toMatchObject({ status: 200, body: { data: { open: 'everybody' } } });
    expect(await gateway.query('{ open }', { token })).toMatchObject({
      status: 503,
      body: {
        errors: [{ message: 'A part of the stack did not answer.', extensions: { code: 'SUBGRAPH_UNREACHABLE' } }],
      },
    });
    identity.down = null;
    while ((await gateway.get('/ready')).status !== 200);
    expect(identity.registered).toMatchObject([{ ttlSeconds: 600 }]);
  });

  it('hands out the means to reach subgraphs in other processes, with tokens that identity can vouch for', async () => {
    const peer = await servedBy(notes());
    closing.push(peer);
    const gateway = await started({
      subgraphs: (contextTokens) =>
        handles(accounts(), httpSubgraph({ name: 'notes', routingUrl: `${peer.url}/graphql`, contextTokens })),
    });
    expect((await gateway.query('{ notes { author { email } } }')).body.data.notes).toHaveLength(2);
    const [head] = String(peer.requests[0]!.headers['x-inevitable-context']).split('.');
    const { kid } = JSON.parse(Buffer.from(head!, 'base64url').toString()) as { kid: string };
    expect(gateway.identity.registered.map(({ key }) => key.kid)).toEqual([kid]);
  });

  it('ends a session within the promised time, for tokens it knew already', async () => {
    const gateway = await started();
    const token = gateway.identity.accessToken();
    expect((await gateway.query('{ viewer { id } }', { token })).status).toBe(200);
    gateway.identity.revoke('session', JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).sid);
    const from = Date.now();
    while ((await gateway.query('{ viewer { id } }', { token })).status !== 401);
    expect(Date.now() - from).toBeLessThan(5_000);
  });

  it('tells subgraphs when the client has left', async () => {
    const { handle, asked, answer } = held();
    const gateway = await started({ subgraphs: handles(handle, notes()) });
    const leave = new AbortController();
    const request = gateway.get('/graphql?query={open}', { signal: leave.signal }).catch(() => 'left');
    const signal = await asked;
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
    leave.abort();
    await aborted;
    expect(await request).toBe('left');
    answer();
  });

  it('that is closed answers what it began, takes nothing new, and is gone', async () => {
    const { handle, asked, answer } = held();
    const gateway = await testGateway({ subgraphs: handles(handle, notes()) });
    const { port } = new URL(gateway.url);
    const idle = connect(Number(port), '127.0.0.1');
    const idleEnded = text(idle);
    const inFlight = gateway.query('{ open }');
    await asked;
    const began = Date.now();
    const closed = gateway.close();
    expect(await gateway.health()).toMatchObject({
      status: 'not ready',
      parts: expect.arrayContaining([
        { name: 'accepting requests', ready: false, reason: expect.stringContaining('draining') },
      ]),
    });
    await expect(
      new Promise((resolve, reject) => connect(Number(port), '127.0.0.1').on('connect', resolve).on('error', reject)),
    ).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    answer();
    expect(await inFlight).toMatchObject({ status: 200, body: { data: { open: 'everybody' } } });
    await closed;
    await idleEnded;
    expect(Date.now() - began).toBeLessThan(5_000); // nobody waited for the connection that asked nothing
    await gateway.close(); // twice is once
  });

  it('does not wait for identity when it is closed: a request that does is told so', async () => {
    const identity = new TestIdentity();
    const { settings } = identity.ports.verification;
    let silent = false;
    let sawQuestion!: () => void;
    const asked = new Promise<void>((resolve) => (sawQuestion = resolve));
    const verification = {
      ...identity.ports.verification,
      settings: () => (silent ? (sawQuestion(), new Promise<never>(() => undefined)) : settings()),
    };
    const gateway = await testGateway({ identity: { ...identity.ports, verification }, identityUsed: identity });
    silent = true;
    const token = identity.accessToken({ key: newSigningKey() }); // unknown here, so identity is asked
    const inFlight = gateway.query('{ open }', { token });
    await asked;
    const began = Date.now();
    await gateway.close();
    expect(Date.now() - began).toBeLessThan(2_000);
    expect(await inFlight).toMatchObject({
      status: 503,
      body: { errors: [{ extensions: { code: 'SUBGRAPH_UNREACHABLE' } }] },
    });
  });

  it('believes a withdrawn key no more, and asks at once for the one that signs in its place', async () => {
    const gateway = await testGateway();
    closing.push(gateway);
    const { identity } = gateway;
    const [leaked] = identity.keys;
    const before = identity.accessToken();
    expect((await gateway.query('{ open }', { token: before })).status).toBe(200);
    const unknown = identity.accessToken({ key: newSigningKey() }); // from now on an unknown key is not asked for, for 5 s
    expect((await gateway.query('{ open }', { token: unknown })).status).toBe(401);
    identity.keys = [newSigningKey()];
    const after = identity.accessToken();
    identity.revoke('signingKey', leaked!.kid);
    while ((await gateway.query('{ open }', { token: before })).status === 200);
    while ((await gateway.query('{ open }', { token: after })).status !== 200);
    expect((await gateway.query('{ open }', { token: before })).status).toBe(401);
  });

  it('says in one sentence that its port is taken, and leaves nothing running', async () => {
    const other = await httpPeer(() => undefined);
    closing.push(other);
    const port = Number(new URL(other.url).port);
    await expect(testGateway({ port })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is in use; stop what listens there or choose another port.`,
    );
  });

  it('does not start without a supergraph', async () => {
    await expect(
      testGateway({ registry: { current: () => Promise.reject(new Error('No supergraph was composed yet.')) } }),
    ).rejects.toThrow('No supergraph was composed yet.');
    await expect(
      testGateway({ registry: { current: async () => ({ id: 'x', sdl: 'type Query { a: Int }' }) } }),
    ).rejects.toThrow();
    await expect(testGateway({ subgraphs: handles(accounts()), products: [] })).rejects.toThrow(
      'The supergraph needs subgraph "notes"',
    );
  });
});
