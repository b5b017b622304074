import { Agent, request as ask, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

/** What one client sends, over and over. */
export interface LoadedClient {
  readonly name: string;
  readonly accessToken: string | null;
  /** HTTP unless told. */
  readonly transport?: 'HTTP' | 'WebSocket';
  /** The next operation, and what its answer has to be: `isRight` gets its parsed body. */
  next(): LoadedOperation;
}

export interface LoadedOperation {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  isRight(data: Record<string, unknown>): boolean;
}

export interface SteadyLoad {
  /** Right answers, by client. */
  readonly right: ReadonlyMap<string, number>;
  readonly wrong: readonly string[];
  stop(): Promise<void>;
}

/** Between an answer and the next request: the machine also has to start what is restarted. */
const PAUSE_MS = 100;

/** Every client asks, waits for the answer, and asks again, over a connection that it keeps. All requests are counted. */
export function steadyLoad(url: string, clients: readonly LoadedClient[]): SteadyLoad {
  const right = new Map(clients.map(({ name }) => [name, 0]));
  const wrong: string[] = [];
  let stopped = false;
  const running = clients.map(async ({ name, accessToken, transport = 'HTTP', next }) => {
    const connection = CONNECT[transport](`${url}/graphql`, accessToken);
    while (!stopped) {
      const operation = next();
      const answer = await connection.ask(operation);
      if (isRight(answer, operation)) right.set(name, right.get(name)! + 1);
      else wrong.push(`${name}, ${operation.query}: ${answer}`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    await connection.close();
  });
  return {
    right,
    wrong,
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}

interface Connection {
  /** Status and body in one line, or how it failed. Over a WebSocket an answer's status is 200. */
  ask(operation: LoadedOperation): Promise<string>;
  close(): void | Promise<void>;
}

const CONNECT = { HTTP: overHttp, WebSocket: overWebSocket };

function overHttp(url: string, accessToken: string | null): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    ask: ({ query, variables }) =>
      new Promise((resolve) => {
        const failed = ({ code, message }: NodeJS.ErrnoException): void => resolve(`${code ?? 'failed'}: ${message}`);
        const headers = {
          'content-type': 'application/json',
          ...(accessToken !== null && { authorization: `Bearer ${accessToken}` }),
        };
        const sent = ask(url, { method: 'POST', agent, headers }, (answer: IncomingMessage) =>
          text(answer).then((body) => resolve(`${answer.statusCode} ${body}`), failed),
        );
        sent.on('error', failed);
        sent.end(JSON.stringify({ query, variables }));
      }),
    close: () => agent.destroy(),
  };
}

/** By the client of `graphql-ws`, which connects again where it is told that its gateway goes away, and asks again. */
function overWebSocket(url: string, accessToken: string | null): Connection {
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    lazyCloseTimeout: 60_000,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS)),
    ...(accessToken !== null && { connectionParams: { authorization: `Bearer ${accessToken}` } }),
  });
  return {
    ask: ({ query, variables = {} }) =>
      new Promise((resolve) => {
        let answer = 'complete without an answer';
        client.subscribe(
          { query, variables },
          {
            next: (result) => (answer = `200 ${JSON.stringify(result)}`),
            error: (failure) => resolve(`failed: ${reasonOf(failure)}`),
            complete: () => resolve(answer),
          },
        );
      }),
    close: () => client.dispose(),
  };
}

/** An `error` message's errors, or how the connection ended. */
function reasonOf(failure: unknown): string {
  if (Array.isArray(failure)) return JSON.stringify(failure);
  const { code, message, reason } = failure as { code?: unknown; message?: string; reason?: string };
  return `${String(code)} ${message ?? reason ?? ''}`;
}

function isRight(answer: string, operation: LoadedOperation): boolean {
  if (!answer.startsWith('200 ')) return false;
  const { data, errors } = JSON.parse(answer.slice(4)) as { data?: Record<string, unknown> | null; errors?: unknown };
  return errors === undefined && !!data && operation.isRight(data);
}
