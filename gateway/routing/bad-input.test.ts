import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { proceed, type GatewayExtension, type OperationSeen } from '../extensions/gateway-extension.js';
import { readBody } from '../graphql-over-http/read-body.js';
import { testGateway, type Json, type TestGateway } from '../test-support/test-gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await testGateway();
});
afterAll(() => gateway.close());

const post = async (body: string | Uint8Array, headers: Record<string, string> = {}, path = '/graphql') => {
  const response = await gateway.get(path, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  return { status: response.status, body: (await response.json()) as Json };
};
const refused = (status: number, message: unknown, code = 'BAD_USER_INPUT') => ({
  status,
  body: { errors: [expect.objectContaining({ message, extensions: expect.objectContaining({ code }) })] },
});
const deep = (levels: number) => '[{"a":'.repeat(levels / 2) + '1' + '}]'.repeat(levels / 2);
const echo = (value: string) =>
  `{"query":"query ($value: Odd) { echo(value: $value) }","variables":{"value":${value}}}`;

/** The close code of a WebSocket that was let in and then sends this. */
async function closedFor(send: (socket: WebSocket) => void): Promise<number> {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  socket.on('error', () => undefined);
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  send(socket);
  const [code] = (await once(socket, 'close')) as [number];
  return code;
}

describe('JSON of 100,000 levels', () => {
  const message = 'The request body nests JSON too deeply.';

  it.each([
    ['variables', echo(deep(100_000))],
    ['extensions', `{"query":"{ open }","extensions":{"a":${deep(100_000)}}}`],
    ['anything', deep(100_000)],
    ['nothing that ends', '['.repeat(1_000_000)],
  ])('is refused before it is parsed, as %s', async (_what, body) => {
    expect(await post(body)).toEqual(refused(400, message));
  });

  it('is refused in a query string', async () => {
    const variables = encodeURIComponent(`{"a":${deep(800)}}`);
    const response = await gateway.get(`/graphql?query={open}&variables=${variables}`);
    expect({ status: response.status, body: await response.json() }).toEqual(
      refused(400, 'The parameter "variables" nests JSON too deeply.'),
    );
  });

  it.each(['subscribe', 'ping', 'connection_init', 'complete'])(
    'closes the WebSocket that it comes on, in a %s',
    async (type) => {
      const payload = `{"query":"{ open }","variables":{"a":${deep(100_000)}}}`;
      expect(await closedFor((socket) => socket.send(`{"type":"${type}","id":"1","payload":${payload}}`))).toBe(4400);
    },
  );

  it('that is 200 levels deep goes through, as deep as it is', async () => {
    const { status, body } = await post(echo(deep(196)));
    expect([status, body.data.echo]).toEqual([200, expect.stringContaining(deep(196))]);
    expect(gateway.logged.join()).not.toContain('Maximum call stack');
  });
});

describe('What is too large or too many', () => {
  it('is refused: 100,000 aliases, a batch of 10,000, a name of half a megabyte', async () => {
    const aliased = (count: number, write: (at: number) => string) =>
      JSON.stringify({ query: `{${Array.from({ length: count }, (_, at) => write(at)).join(' ')}}` });
    expect((await post(aliased(100_000, (at) => `alias${at}:open`))).status).toBe(413);
    expect(await post(aliased(100_000, () => 'a:open'))).toMatchObject({
      status: 400,
      body: { errors: [{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }] },
    });
    expect(await post(aliased(101, (at) => `a${at}:open`))).toMatchObject({
      status: 400,
      body: {
        errors: [{ message: expect.stringContaining('aliases'), extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
      },
    });
    const batch = Array.from({ length: 10_000 }, () => ({ query: '{ open }' }));
    expect(await post(JSON.stringify(batch))).toEqual(refused(400, expect.stringContaining('one operation')));
    const operationName = 'n'.repeat(500_000);
    const named = await post(JSON.stringify({ query: '{ open }', operationName }));
    expect([named.status, JSON.stringify(named.body).length < 1_000]).toEqual([400, true]);
  });

  it('is refused: a head of more than 200 headers, wherever it leads', async () => {
    const headers = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, '']));
    const message = 'Send at most 200 headers.';
    expect(await post('{}', headers(201))).toEqual(refused(431, message));
    expect(await post('x', headers(201), '/auth/login')).toEqual({
      status: 431,
      body: { error: { code: 'BAD_USER_INPUT', message } },
    });
    expect((await post('{"query":"{ open }"}', headers(150))).status).toBe(200);
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      headers: headers(201),
    });
    socket.on('error', () => undefined);
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    socket.terminate();
    expect(response.statusCode).toBe(431);
  });

  it('is refused with 431: a head of more than 16 KiB', async () => {
    const response = await gateway.get('/graphql?query={open}', { headers: { 'x-long': 'x'.repeat(17_000) } });
    expect(response.status).toBe(431);
  });

  it('closes a WebSocket: a hundred megabytes in one message', async () => {
    const frames = 100;
    const closed = closedFor((socket) => {
      for (let frame = 0; frame < frames; frame++)
        socket.send(Buffer.alloc(1_000_000, 'x'), { fin: frame === frames - 1, binary: false }, () => undefined);
    });
    expect(await closed).toBe(1009);
  });
});

describe('What is compressed', () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));

  it.each(['gzip', 'br', 'gzip, gzip', 'deflate', 'x-unknown'])(
    'with %s is refused as it is, also by a product',
    async (encoding) => {
      const headers = { 'content-encoding': encoding };
      const message = 'Send the request body without compression.';
      expect(await post(bomb, headers)).toEqual(refused(415, message));
      expect(await post(bomb, headers, '/auth/login')).toEqual({
        status: 415,
        body: { error: { code: 'BAD_USER_INPUT', message } },
      });
    },
  );
});

describe('Variables that do not fit in 50,000 places', () => {
  it('are refused with the first few of them', async () => {
    const query = 'query ($input: EchoInput) { echo(input: $input) }';
    const input = Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`unknown${at}`, 1]));
    const { status, body } = await post(JSON.stringify({ query, variables: { input } }));
    expect(status).toBe(400);
    expect(body.errors.length).toBeLessThan(20);
  });

  it('are kept for nobody where the operation does not declare them', async () => {
    const [seen, seeing]: [OperationSeen[], GatewayExtension] = [
      [],
      { name: 'seeing', contract: 1, onOperation: (operation) => (seen.push(operation), proceed) },
    ];
    const watched = await testGateway({ extensions: [seeing] });
    const variables = { who: 'ada', junk: [{}, {}] };
    await watched.query('query ($who: String!) { fails(how: $who) }', { variables });
    expect(seen.map((operation) => operation.variables)).toEqual([{ who: 'ada' }]);
    await watched.close();
  });
});

describe('What is not UTF-8', () => {
  it('is refused: a body, a query string, a WebSocket’s text', async () => {
    expect(await post(Buffer.from('{"query":"{ open }","variables":{"a":"\xff"}}', 'latin1'))).toEqual(
      refused(400, 'The request body is not UTF-8.'),
    );
    const statusOf = async (bytes: string) =>
      (await gateway.get(`/graphql?query=%7Bopen%7D&variables=%7B%22a%22:%22${bytes}%22%7D`)).status;
    expect(await statusOf('%C3%A9')).toBe(200);
    for (const bytes of ['%ff', '%c3%28', '%']) expect([bytes, await statusOf(bytes)]).toEqual([bytes, 400]);
    expect((await gateway.get('/graphql?query=%7Bopen%7D&operationName=%C3%A9')).status).toBe(400); // no such operation
    const text = Buffer.from([0x7b, 0xff, 0x7d]);
    expect(await closedFor((socket) => socket.send(text, { binary: false }))).toBe(1007);
  });
});

describe('A variable named __proto__', () => {
  it('is a variable like any other, or none', async () => {
    const query =
      'query ($__proto__: Odd, $constructor: Odd) { a: echo(value: $__proto__) b: echo(value: $constructor) }';
    const variables = '{"__proto__":{"polluted":true},"constructor":[1]}';
    const { status, body } = await post(`{"query":${JSON.stringify(query)},"variables":${variables}}`);
    expect([status, body.data]).toEqual([
      200,
      { a: expect.stringContaining('polluted'), b: expect.stringContaining('[1]') },
    ]);
    const absent = await post(JSON.stringify({ query }));
    expect([absent.status, absent.body.data]).toEqual([200, { a: '{}', b: '{}' }]);
    expect((await post(echo('{"__proto__":{"polluted":true}}'))).body.data.echo).toContain('polluted');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('A body', () => {
  it('in pieces of a byte is put together, as long as it is', async () => {
    const stream = new PassThrough();
    const read = readBody(stream);
    for (const character of 'ab'.repeat(50_000)) stream.write(character);
    stream.end();
    expect(String(await read)).toBe('ab'.repeat(50_000));
  });

  it('that is large is refused while others fill what there is for such, and never one that is small', async () => {
    const half = Buffer.alloc(600_000);
    const slow = Array.from({ length: 300 }, () => {
      const stream = new PassThrough({ highWaterMark: 2_000_000 });
      const read = readBody(stream);
      stream.write(half);
      return { stream, read: read.then((body) => body.length).catch((error: { code: string }) => error.code) };
    });
    const small = new PassThrough();
    small.end(Buffer.alloc(60_000));
    expect(await readBody(small)).toHaveLength(60_000);
    for (const { stream } of slow) stream.end();
    const outcomes = await Promise.all(slow.map(({ read }) => read));
    expect(new Set(outcomes)).toEqual(new Set([600_000, 'OVERLOADED']));
    const afterwards = new PassThrough();
    afterwards.end(half);
    expect(await readBody(afterwards)).toHaveLength(600_000);
  });
});
