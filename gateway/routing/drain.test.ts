import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { HealthReport } from '@inevitable/contract';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { testGateway } from '../test-support/test-gateway.js';

describe('A gateway that is stopped', () => {
  it('sends WebSockets elsewhere, used or not, and is closed', async () => {
    const gateway = await testGateway();
    const sockets = [1, 2].map(
      () => new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, ['graphql-transport-ws']),
    );
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    const acknowledged = once(sockets[0]!, 'message');
    sockets[0]!.send('{"type":"connection_init"}');
    expect(JSON.parse(String((await acknowledged)[0]))).toEqual({ type: 'connection_ack' });
    const codes = Promise.all(sockets.map(async (socket) => ((await once(socket, 'close')) as [number])[0]));
    await gateway.close();
    expect(await codes).toEqual([1001, 1001]);
  });
});

describe('A gateway that is told to stop with a delay', () => {
  it('is not ready at once, and answers what still comes, each connection for the last time', async () => {
    const gateway = await testGateway({ stopDelayMs: 1_500 });
    const closing = gateway.close();
    const { parts } = (await (await gateway.get('/ready')).json()) as HealthReport;
    expect(parts.filter(({ ready }) => !ready)).toEqual([
      { name: 'accepting requests', ready: false, reason: 'draining: this gateway is being stopped' },
    ]);
    const { status, headers, body } = await gateway.query('{ open }');
    expect([status, headers.get('connection'), body]).toEqual([200, 'close', { data: { open: expect.anything() } }]);
    await closing;
    await expect(gateway.get('/live')).rejects.toThrow();
  });
});

describe('A request that asks for a protocol we do not speak', () => {
  it('is answered as if it had not asked', async () => {
    const gateway = await testGateway();
    const body = JSON.stringify({ query: '{ open }' });
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    // As Java's HttpClient does, which prefers HTTP/2; the body comes a moment later.
    socket.write(
      `POST /graphql HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
    );
    setImmediate(() => socket.write(`${body.slice(5)}GET /live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`));
    const answers = await text(socket);
    expect(answers).toMatch(/^HTTP\/1\.1 200 OK[^]*\r\n\r\n\{"data":\{"open":[^]*HTTP\/1\.1 200 OK[^]*"live"/);
    await gateway.close();
  });
});
