import { once } from 'node:events';
import { Agent, createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Duplex } from 'node:stream';

export interface Balancer {
  readonly url: string;
  /** What it could not have answered: upstreams that broke off, and times when there was none. */
  readonly badGateways: string[];
  /** From now on it is asked whether it is ready, and gets requests while it is. */
  add(url: string): void;
  remove(url: string): void;
  isIn(url: string): boolean;
  close(): Promise<void>;
}

interface Upstream {
  readonly url: URL;
  readonly agent: Agent;
  isIn: boolean;
  isAsked: boolean;
  failures: number;
}

const ASKED_EVERY_MS = 100;
/** The machine that tests run on may be slow; a process that has gone refuses at once. */
const ASKED_WITHIN_MS = 10_000;
/** So many in a row take it out; one success puts it in. */
const FAILURES = 2;

/**
 * A balancer such as operators have in front: it asks every upstream's `/ready`, goes by turns through those that are
 * ready, keeps connections to them, and sends a request to another one only where it was not sent at all, because the
 * connection was refused. That is what nginx and HAProxy do with a POST unless they are told otherwise.
 */
export async function startBalancer(): Promise<Balancer> {
  const upstreams: Upstream[] = [];
  const badGateways: string[] = [];
  const sockets = new Set<Duplex>();
  let turn = 0;

  /** In the order in which they are tried. */
  function inTurn(): Upstream[] {
    const those = upstreams.filter(({ isIn }) => isIn);
    const first = turn++ % Math.max(1, those.length);
    return [...those.slice(first), ...those.slice(0, first)];
  }

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    let last = 'none is ready';
    for (const { url, agent } of inTurn()) {
      const sent = ask(new URL(request.url!, url), { agent, method: request.method!, headers: passedOn(request) });
      response.once('close', () => sent.destroy());
      sent.end(body);
      try {
        const [answer] = (await once(sent, 'response')) as [IncomingMessage];
        response.writeHead(answer.statusCode!, passedOn(answer));
        answer.pipe(response);
        answer.once('error', (error) => {
          badGateways.push(`${url.host}${request.url} broke off: ${error.message}`);
          response.destroy();
        });
        return;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        last = `${url.host}${request.url}: ${message}`;
        if (code !== 'ECONNREFUSED') break;
      }
    }
    if (response.destroyed) return; // the client left
    badGateways.push(last);
    response.writeHead(502).end(last);
  }

  function tunnel(request: IncomingMessage, client: Duplex, head: Buffer): void {
    const [upstream] = inTurn();
    if (!upstream) return void client.destroy();
    const { hostname, port } = upstream.url;
    const socket = connect(Number(port), hostname);
    sockets.add(client).add(socket);
    const lines = request.rawHeaders.flatMap((name, at, all) => (at % 2 ? [] : `${name}: ${all[at + 1]}`));
    socket.write(`GET ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    socket.write(head);
    socket.pipe(client).pipe(socket);
    for (const [one, other] of [
      [socket, client],
      [client, socket],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => {
        other.destroy();
        sockets.delete(one);
      });
    }
  }

  function askWhetherReady(upstream: Upstream): void {
    if (upstream.isAsked) return;
    upstream.isAsked = true;
    const failed = (): void => {
      if (++upstream.failures >= FAILURES) upstream.isIn = false;
    };
    const asked = ask(new URL('/ready', upstream.url), { agent: false, timeout: ASKED_WITHIN_MS }, (answer) => {
      answer.resume();
      if (answer.statusCode !== 200) return failed();
      upstream.failures = 0;
      upstream.isIn = true;
    });
    asked.on('timeout', () => asked.destroy(new Error('It does not answer.')));
    asked.on('error', failed);
    asked.on('close', () => (upstream.isAsked = false));
    asked.end();
  }

  const server = createServer((request, response) => void forward(request, response).catch(() => response.destroy()));
  server.keepAliveTimeout = 0; // no end of its own of a client's connection may look like one of an upstream
  server.on('upgrade', tunnel);
  server.on('connection', (socket: Socket) => socket.on('error', () => undefined));
  const asking = setInterval(() => upstreams.forEach(askWhetherReady), ASKED_EVERY_MS);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    badGateways,
    add(url) {
      const agent = new Agent({ keepAlive: true });
      upstreams.push({ url: new URL(url), agent, isIn: false, isAsked: false, failures: 0 });
    },
    remove(url) {
      const at = upstreams.findIndex((each) => each.url.href === new URL(url).href);
      for (const { agent } of upstreams.splice(at, 1)) agent.destroy();
    },
    isIn: (url) => upstreams.some((each) => each.isIn && each.url.href === new URL(url).href),
    async close() {
      clearInterval(asking);
      for (const { agent } of upstreams) agent.destroy();
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const OF_ONE_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/** Headers but those of one connection alone (RFC 9110, section 7.6.1). */
const passedOn = ({ headers }: IncomingMessage): IncomingMessage['headers'] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_ONE_CONNECTION.has(name)));
