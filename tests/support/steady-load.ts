import { Agent, request as ask, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** What one client sends, over and over. */
export interface LoadedClient {
  readonly name: string;
  readonly accessToken: string | null;
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

/** Every client asks, waits for the answer, and asks again, over one kept connection. All requests are counted. */
export function steadyLoad(url: string, clients: readonly LoadedClient[]): SteadyLoad {
  const right = new Map(clients.map(({ name }) => [name, 0]));
  const wrong: string[] = [];
  let stopped = false;
  const running = clients.map(async ({ name, accessToken, next }) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!stopped) {
      const operation = next();
      const answer = await post(`${url}/graphql`, agent, accessToken, operation);
      if (isRight(answer, operation)) right.set(name, right.get(name)! + 1);
      else wrong.push(`${name}, ${operation.query}: ${answer}`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    agent.destroy();
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

/** Status and body in one line, or how it failed. */
function post(url: string, agent: Agent, accessToken: string | null, operation: LoadedOperation): Promise<string> {
  const { query, variables } = operation;
  return new Promise((resolve) => {
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
  });
}

function isRight(answer: string, operation: LoadedOperation): boolean {
  if (!answer.startsWith('200 ')) return false;
  const { data, errors } = JSON.parse(answer.slice(4)) as { data?: Record<string, unknown> | null; errors?: unknown };
  return errors === undefined && !!data && operation.isRight(data);
}
