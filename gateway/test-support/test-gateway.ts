import { pino } from 'pino';
import { startPlannerThreads } from '../planner/planner-threads.js';
import type { ProductRouting } from '../routing/product-routes.js';
import { startGateway, type GatewayOptions, type RunningGateway } from '../start-gateway.js';
import { TestIdentity } from './test-identity.js';
import { accounts, handles, notes, TEST_SUPERGRAPH } from './test-subgraphs.js';

export interface TestGateway extends RunningGateway {
  readonly identity: TestIdentity;
  /** Every line the gateway logged. */
  readonly logged: string[];
  /** POSTs an operation and reads the JSON answer. */
  query(query: string, options?: QueryOptions): Promise<Answer>;
  get(path: string, init?: RequestInit): Promise<Response>;
}

interface QueryOptions {
  readonly token?: string;
  readonly variables?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- an answer may hold anything; tests compare it whole
export type Json = any;
interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

export const product = (name: string, changes: Partial<ProductRouting> = {}): ProductRouting => ({
  name,
  hosts: [],
  pathPrefixes: [`/${name}`],
  authRequired: true,
  healthEndpoint: '/health',
  ...changes,
});

/** Of all gateways of a test file: a thread takes longer to load the planner than most tests take. */
const planners = startPlannerThreads({ log: pino({ level: 'silent' }) });

/** A gateway on a free port over two in-process subgraphs, ready to be asked unless `ready` is false. */
export async function testGateway({
  ready = true,
  ...options
}: Partial<GatewayOptions> & { identityUsed?: TestIdentity; ready?: boolean } = {}): Promise<TestGateway> {
  const identity = options.identityUsed ?? new TestIdentity();
  const logged: string[] = [];
  const gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    deployment: 'internal',
    identity: identity.ports,
    registry: { current: async () => ({ id: 'v1', sdl: TEST_SUPERGRAPH }) },
    planners,
    subgraphs: handles(accounts(), notes()),
    products: [product('notes'), product('accounts', { pathPrefixes: ['/auth', '/.well-known'], authRequired: false })],
    logger: pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) }),
    ...options,
  });
  const get = (path: string, init?: RequestInit) => fetch(gateway.url + path, init);
  while (ready && (await get('/ready')).status !== 200);
  return {
    ...gateway,
    identity,
    logged,
    get,
    async query(query, { token, variables, headers } = {}) {
      const response = await get('/graphql', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        body: JSON.stringify({ query, variables }),
      });
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
  };
}
