import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestClient, RequestContext } from '@inevitable/contract';
import fc from 'fast-check';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { testGateway, type TestGateway } from '../test-support/test-gateway.js';
import { accounts, handles, notes } from '../test-support/test-subgraphs.js';
import { clientReader } from './read-client.js';

const read = clientReader(['10.0.0.0/8', '2001:db8::1']);
const addressOf = (forwarded: string | undefined, remote: string | undefined = '10.0.0.1') =>
  read({ ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }) }, remote).address;

describe('The address of a client', () => {
  it('is the other end of its connection, in one spelling', () => {
    expect(addressOf(undefined, '::ffff:192.0.2.1')).toBe('192.0.2.1');
    expect(addressOf(undefined, '2001:db8::2')).toBe('2001:db8::2');
    expect(read({}, undefined).address).toBeNull();
  });

  it('is not changed by forwarded headers of anyone but our own proxies', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.string(), fc.constant('10.0.0.1')), fc.boolean(), (forwarded, someTrusted) => {
        const reader = someTrusted ? read : clientReader([]);
        const headers = { 'x-forwarded-for': forwarded, forwarded: `for=${forwarded}`, 'x-real-ip': forwarded };
        expect(reader(headers, '192.0.2.1').address).toBe('192.0.2.1');
      }),
    );
  });

  it.each([
    ['198.51.100.7', '198.51.100.7'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
    ['198.51.100.7:5678', '198.51.100.7'],
    ['[2001:DB8:7::1]:443', '2001:db8:7::1'],
    ['198.51.100.7, 10.2.3.4, 2001:db8::1', '198.51.100.7'],
    ['1.1.1.1, 198.51.100.7, 10.2.3.4', '198.51.100.7'],
    ['10.9.9.9, 198.51.100.7', '198.51.100.7'],
    ['10.9.9.9,10.2.3.4', '10.9.9.9'],
    ['198.51.100.7, unknown', '10.0.0.1'],
    ['198.51.100.7, unknown, 10.2.3.4', '10.2.3.4'],
    ['', '10.0.0.1'],
  ])('is the last hop that is not ours where one of our proxies says "%s": %s', (forwarded, address) =>
    expect(addressOf(forwarded)).toBe(address),
  );

  it('is never what a client wrote in front of the hop that our proxy saw', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.ipV4(), fc.string())), (written) => {
        expect(addressOf([...written, '198.51.100.7', '10.2.3.4'].join(', '))).toBe('198.51.100.7');
      }),
    );
  });
});

describe('The agent of a client', () => {
  const agentOf = (agent: string) => read({ 'user-agent': agent }, undefined).agent;

  it('is what it calls itself, in 200 characters without control characters', () => {
    expect(agentOf('curl/8.5.0')).toBe('curl/8.5.0');
    expect(agentOf(`a\t\u0085b${'c'.repeat(500)}`)).toBe(`ab${'c'.repeat(196)}`);
    expect(agentOf(' \t')).toBeNull();
    expect(read({}, undefined).agent).toBeNull();
  });
});

describe('A gateway', () => {
  const seen: RequestClient[] = [];
  const watched = (context: RequestContext) => void seen.push(context.client);
  let gateway: TestGateway;
  beforeAll(async () => {
    const { execute, fetch } = accounts();
    const watching = accounts({
      execute: (request, context) => (watched(context), execute(request, context)),
      fetch: (request, context) => (watched(context), fetch(request, context)),
    });
    gateway = await testGateway({ subgraphs: handles(watching, notes()), trustedProxies: ['127.0.0.1'] });
  });
  afterAll(() => gateway.close());

  const headers = {
    'user-agent': 'a browser',
    'x-forwarded-for': '6.6.6.6, 198.51.100.7',
    'x-inevitable-client-address': '6.6.6.6',
    'x-inevitable-client-agent': 'forged',
  };
  const client = { address: '198.51.100.7', agent: 'a browser' };

  it('tells subgraphs and products where a request came from, whatever the client says in our own headers', async () => {
    await gateway.query('{ open }', { headers });
    const streamed = await gateway.get('/graphql', {
      method: 'POST',
      headers: { ...headers, accept: 'text/event-stream', 'content-type': 'application/json' },
      body: '{"query":"{ open }"}',
    });
    await streamed.text();
    const product = (await (await gateway.get('/auth/x', { headers })).json()) as { headers: object };
    expect(product.headers).toMatchObject({ 'x-forwarded-for': '198.51.100.7' });
    for (const name of ['x-inevitable-client-address', 'x-inevitable-client-agent', 'x-inevitable-context'])
      expect(product.headers).not.toHaveProperty(name);
    const socket = createClient({
      url: `${gateway.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: class extends WebSocket {
        constructor(url: string, protocols: string) {
          super(url, protocols, { headers });
        }
      },
    });
    for await (const answer of socket.iterate({ query: '{ open }', extensions: headers }))
      expect(answer).toEqual({ data: { open: 'everybody' } });
    await socket.dispose();
    expect(seen).toEqual([client, client, client, client]);
  });
});
