import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { fedStream, transportServer, type FedStream, type TransportServer } from '../test-support/transport-server.js';
import { SLOW_CONSUMER_MS } from './send-stream.js';

let server: TransportServer;
let streams: FedStream[];
const sockets: Socket[] = [];
beforeEach(async () => {
  // Only what the transports wait for is advanced by hand; the network's own time goes on.
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask', 'performance'] });
  streams = [];
  server = await transportServer({
    open: async () => {
      const stream = fedStream();
      streams.push(stream);
      return stream.opened;
    },
  });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
  jest.useRealTimers();
});

/** A subscription of a client that is watched byte by byte. */
function subscribe(accept = 'text/event-stream') {
  const { port, host } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1');
  sockets.push(socket);
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const body = JSON.stringify({ query: 'subscription { count }' });
  socket.write(
    `POST /graphql HTTP/1.1\r\nHost: ${host}\r\nAccept: ${accept}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return { socket, closed, read: () => text, until: (part: string) => waitFor(() => text.includes(part)) };
}

/** Until something is so; every turn gives the network its chance. */
async function waitFor(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('A stream over HTTP', () => {
  it('shows that it lives while nothing happens, and outlives the deadline of a request', async () => {
    const client = subscribe();
    await client.until('\n:\n\n');
    for (const beats of [2, 3, 4]) {
      jest.advanceTimersByTime(12_000);
      await waitFor(() => client.read().split(':\n\n').length > beats);
    }
    streams[0]!.event(1);
    await client.until('{"count":1}');
    expect(server.received[0]!.facts.end.aborted).toBe(false);
  });

  it('shows it in parts that say nothing, too', async () => {
    const client = subscribe('multipart/mixed;subscriptionSpec=1.0');
    await client.until('--graphql');
    jest.advanceTimersByTime(5_000);
    await client.until('\r\n\r\n{}\r\n--graphql');
  });

  it('is asked for no more than its client reads, and cut off when that is nothing for 30 s; others go on', async () => {
    const [idle, other] = [subscribe(), subscribe()];
    await Promise.all([idle.until('\n:\n\n'), other.until('\n:\n\n')]);
    const [stuck, flowing] = streams as [FedStream, FedStream];
    idle.socket.pause();
    const bulk = 'x'.repeat(1_000_000);
    for (let count = 0; count < 50; count += 1) stuck.event(bulk);
    await waitFor(() => stuck.asked() > 1);
    let asked: number;
    do {
      asked = stuck.asked();
      await turns(200);
    } while (stuck.asked() > asked);
    expect(asked).toBeLessThan(25);
    jest.advanceTimersByTime(SLOW_CONSUMER_MS - 1);
    await turns(10);
    expect(server.received[0]!.facts.end.aborted).toBe(false);
    jest.advanceTimersByTime(1);
    await stuck.left;
    flowing.event(1);
    await other.until('{"count":1}');
  });

  it('ends for the gateway as soon as its client has left', async () => {
    const client = subscribe();
    await client.until('\n:\n\n');
    client.socket.destroy();
    await streams[0]!.left;
    expect(server.received[0]!.facts.end.reason).toMatchObject({ message: 'The client left.' });
  });

  it('of a gateway that is stopped is written as far as it has come, and its connection closed', async () => {
    const client = subscribe();
    await client.until('\n:\n\n');
    streams[0]!.event(1);
    streams[0]!.event(2);
    server.stop();
    await client.closed;
    expect(client.read()).toContain('{"count":2}');
    expect(client.read()).not.toContain('complete');
    await streams[0]!.left;
  });
});
