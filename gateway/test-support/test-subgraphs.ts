import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import {
  anonymousContext,
  BadUserInput,
  ready,
  Unauthenticated,
  type RequestContext,
  type SubgraphHandle,
  type SubgraphRequest,
} from '@inevitable/contract';
import { buildASTSchema, execute, GraphQLError, parse, validate, type ExecutionResult } from 'graphql';
import { composeSupergraph } from '../supergraph/compose-supergraph.js';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires"])\n';

/** Identity's share of the test graph. */
export const ACCOUNTS_SDL = `${LINK}
type Query { viewer: User  open: String!  context: String!  fails(how: String!): String  echo(value: Odd, input: EchoInput): String  node: User }
type Mutation { count(input: CountInput!): Int! }
input CountInput { by: Int!  labels: [String!] }
input EchoInput { text: String!  count: Int }
scalar Odd
type User @key(fields: "id") { id: ID!  email: String!  odd: Odd  friend: User }
`;
/** A product's share: extends the user. */
export const NOTES_SDL = `${LINK}
type Query { notes: [Note!]! }
type Note @key(fields: "id") { id: ID!  text: String  author: User! }
type User @key(fields: "id") { id: ID!  email: String! @external  greeting: String @requires(fields: "email")  notes: [Note!]  noteCount: Int }
`;

export const supergraphOf = (sources: Readonly<Record<string, string>>): string => {
  const composition = composeSupergraph(
    Object.entries(sources).map(([name, sdl]) => ({ name, sdl, routingUrl: `http://127.0.0.1:1/${name}/graphql` })),
  );
  if (composition.kind === 'failed') throw new Error(JSON.stringify(composition.errors));
  return composition.sdl;
};

export const TEST_SUPERGRAPH = supergraphOf({ accounts: ACCOUNTS_SDL, notes: NOTES_SDL });

type Roots = Readonly<Record<string, unknown>>;
type Execute = SubgraphHandle['execute'];

/** A subgraph in this process, on graphql-js. `entities` answers one representation. */
export function inProcess(
  name: string,
  sdl: string,
  roots: (context: RequestContext) => Roots,
  entities: (representation: Record<string, unknown>, context: RequestContext) => unknown,
  overrides: Partial<SubgraphHandle> = {},
): SubgraphHandle {
  const keyed = [...sdl.matchAll(/type (\w+) @key/g)].map(([, type]) => type);
  const schema = buildASTSchema(
    parse(
      `${sdl} scalar _Any union _Entity = ${keyed.join(' | ')} extend type Query { _entities(representations: [_Any!]!): [_Entity]! }`,
    ),
    { assumeValidSDL: true },
  );
  const run: Execute = async ({ query, document = parse(query), variables, operationName }, context) => {
    const errors = validate(schema, document);
    if (errors.length > 0) return { errors };
    const _entities = ({ representations }: { representations: Record<string, unknown>[] }) =>
      representations.map((representation) => entities(representation, context));
    return execute({
      schema,
      document,
      rootValue: { ...roots(context), _entities },
      contextValue: context,
      variableValues: variables,
      operationName,
    });
  };
  return {
    name,
    execute: run,
    fetch: async (request, context) =>
      Response.json({
        product: name,
        method: request.method,
        url: request.url,
        headers: Object.fromEntries(request.headers),
        body: request.body ? await request.text() : null,
        caller: context.caller,
      }),
    health: async () => ready(name),
    ...overrides,
  };
}

const USERS: Readonly<Record<string, object>> = {
  u1: { __typename: 'User', id: 'u1', email: 'ada@acme.test', odd: { nested: [1, { deep: true }] } },
  u2: { __typename: 'User', id: 'u2', email: 'bob@acme.test', odd: null },
};

const FAILURES: Readonly<Record<string, () => unknown>> = {
  caller: () => Promise.reject(new BadUserInput('That text is too long.', 'input.text')),
  coded: () =>
    Promise.reject(
      new GraphQLError('Card declined.', {
        extensions: {
          code: 'CARD_DECLINED',
          stacktrace: ['at secret.ts:1'],
          exception: { sql: 'select' },
          reason: 'limit',
        },
      }),
    ),
  crash: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.3:5432 password=hunter2')),
  internal: () =>
    Promise.reject(new GraphQLError('select * from secrets', { extensions: { code: 'INTERNAL_SERVER_ERROR' } })),
  signin: () => Promise.reject(new Unauthenticated()),
};

export const accounts = (overrides: Partial<SubgraphHandle> = {}): SubgraphHandle =>
  inProcess(
    'accounts',
    ACCOUNTS_SDL,
    (context) => ({
      viewer: () => {
        if (context.caller.kind === 'anonymous') throw new Unauthenticated();
        return { ...USERS.u1, friend: USERS.u2 };
      },
      node: { ...USERS.u1, friend: USERS.u2 },
      open: 'everybody',
      context: JSON.stringify({
        tenant: context.tenant?.id ?? null,
        caller: context.caller,
        requestId: context.requestId,
        frozen: Object.isFrozen(context),
      }),
      fails: ({ how }: { how: string }) => FAILURES[how]!(),
      echo: (values: unknown) => JSON.stringify(values),
      count: ({ input }: { input: { by: number } }) => input.by + 1,
    }),
    ({ id }) => USERS[id as string],
    overrides,
  );

const NOTES = [
  { __typename: 'Note', id: 'n1', text: 'one', author: { __typename: 'User', id: 'u1' } },
  { __typename: 'Note', id: 'n2', text: 'two', author: { __typename: 'User', id: 'u2' } },
];

export const notes = (overrides: Partial<SubgraphHandle> = {}): SubgraphHandle =>
  inProcess(
    'notes',
    NOTES_SDL,
    () => ({ notes: NOTES }),
    ({ __typename, id, email }) => ({
      __typename,
      id,
      greeting: `Hello ${String(email)}`,
      notes: NOTES.filter(({ author }) => author.id === id),
      noteCount: 1,
    }),
    overrides,
  );

export const handles = (...all: SubgraphHandle[]): ReadonlyMap<string, SubgraphHandle> =>
  new Map(all.map((handle) => [handle.name, handle]));

export const contextFor = (changes: Partial<RequestContext> = {}): RequestContext =>
  Object.freeze({
    ...anonymousContext({
      requestId: 'r1',
      trace: null,
      deadline: Date.now() + 30_000,
      signal: new AbortController().signal,
      deployment: 'internal',
    }),
    ...changes,
  });

export interface HttpPeer {
  readonly url: string;
  readonly requests: { headers: IncomingMessage['headers']; url: string; method: string }[];
  /** Those that are open. */
  readonly connections: ReadonlySet<Socket>;
  close(): Promise<void>;
}

/** A real HTTP server. `answer` gets what undici sent. */
export async function httpPeer(
  answer: (request: IncomingMessage, response: import('node:http').ServerResponse) => void | Promise<void>,
): Promise<HttpPeer> {
  const requests: HttpPeer['requests'] = [];
  const server = createServer((request, response) => {
    requests.push({ headers: request.headers, url: request.url!, method: request.method! });
    void answer(request, response);
  });
  server.keepAliveTimeout = 600_000; // an idle connection ends because its client ends it
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A handle behind HTTP, as any GraphQL server would serve it. */
export const servedBy = (handle: SubgraphHandle): Promise<HttpPeer> =>
  httpPeer(async (request, response) => {
    const result: ExecutionResult = await handle.execute((await json(request)) as SubgraphRequest, contextFor());
    response.setHeader('content-type', 'application/graphql-response+json');
    response.end(JSON.stringify(result));
  });
