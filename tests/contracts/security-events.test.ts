import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  anonymousContext,
  contextOf,
  type RequestContext,
  type SecurityEvent,
  type SecurityEventSink,
  type TenantId,
} from '@inevitable/contract';
import { Forbidden, newId, Unauthenticated, type SubgraphDeclaration } from '@inevitable/kit';
import {
  hostSubgraph,
  openProductDatabase,
  securityEvents,
  serveMetrics,
  serveSubgraph,
  type ProductDatabase,
  type ServedMetrics,
} from '@inevitable/kit/host';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import { pino } from 'pino';
import { identityDatabase } from '../../identity/service/identity-database.js';
import { openIdentity, type Identity } from '../../identity/service/open-identity.js';
import {
  anonymous,
  DEMO_PASSWORD,
  openTestIdentity,
  type TestIdentity,
} from '../../identity/service/testing/open-test-identity.js';
import { askField } from './products/ask-field.js';
import { fieldsOfRoot } from './products/product-schema.js';

const silent = pino({ level: 'silent' });

/** What was told, in this order. */
const told: [SecurityEvent, Readonly<Record<string, unknown>>][] = [];
const securityEvent: SecurityEventSink = (event, facts) => void told.push([event, facts]);
beforeEach(() => void told.splice(0));

describe('What a known caller is denied', () => {
  const DENIED = 'mutation { createNote(input: { text: "a word" }) { id } }';
  let product: TestSubgraph;
  let ada: RequestContext;
  beforeAll(async () => {
    product = await testSubgraph(starter);
    ada = product.as({ tenant: 'acme', user: 'ada' }).context;
  });
  afterAll(() => product.close());

  const denying = (error: () => Error) =>
    hostSubgraph(
      {
        ...starter,
        resolvers: {
          ...starter.resolvers,
          Mutation: { createNote: () => Promise.reject(error()) },
          Query: { ...(starter.resolvers as { Query: object }).Query, note: () => Promise.reject(error()) },
        },
        routes: { 'GET /starter/secret': () => Promise.reject(error()) },
      } as SubgraphDeclaration,
      { database: product.database, entitlements: {} as never, events: null, securityEvent, log: silent },
    );
  const event = (code: string) => [
    'denied',
    {
      product: 'starter',
      code,
      tenantId: ada.tenant!.id,
      actor: { kind: 'user', id: (ada.caller as { userId: string }).userId },
      onBehalfOf: null,
      requestId: ada.requestId,
    },
  ];

  it('is one security event of an operation, however many of its fields say so, with who asked and nothing that was sent', async () => {
    const hosted = denying(() => new Forbidden());
    await hosted.execute({ query: `{ a: note(id: "1") { id } b: note(id: "2") { id } }` }, ada);
    await hosted.execute({ query: DENIED }, ada);
    expect(told).toEqual([event('FORBIDDEN'), event('FORBIDDEN')]);
  });

  it('by a route is one, too', async () => {
    await denying(() => new Unauthenticated()).fetch(new Request('http://stack.test/starter/secret'), ada);
    expect(told).toEqual([event('UNAUTHENTICATED')]);
  });

  it('by a subgraph that is served apart is one, too', async () => {
    const served = await serveSubgraph(
      denying(() => new Forbidden()),
      {
        host: '127.0.0.1',
        port: 0,
        checks: {},
        verifyContext: (_token, facts) => Promise.resolve(contextOf({ ...facts, deployment: 'internal' }, ada)),
        log: silent,
      },
    );
    try {
      await fetch(`${served.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: DENIED }),
      });
    } finally {
      await served.close();
    }
    expect(told).toMatchObject([['denied', { product: 'starter', code: 'FORBIDDEN', tenantId: ada.tenant!.id }]]);
  });

  it('is told of, and neither what nobody in particular is denied nor another error', async () => {
    const nobody = anonymousContext({ ...ada, deployment: 'internal' });
    await denying(() => new Forbidden()).execute({ query: DENIED }, nobody);
    await denying(() => new Error('boom')).execute({ query: DENIED }, ada);
    expect(told).toEqual([]);
  });
});

describe('Security events of core-identity', () => {
  const CANARY = 'canary';
  const PASSWORD = `${CANARY} of a password`;
  const lines: string[] = [];
  let test: TestIdentity;
  let identity: Identity;
  let database: ProductDatabase;
  let metrics: ServedMetrics;
  let graph: ReturnType<typeof hostSubgraph>;
  beforeAll(async () => {
    test = await openTestIdentity();
    const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    metrics = await serveMetrics({ host: '127.0.0.1', port: 0 });
    const watched = securityEvents(log, metrics.registry);
    const both: SecurityEventSink = (event, facts, isAlarming) => {
      securityEvent(event, facts);
      watched(event, facts, isAlarming);
    };
    const features = { 'starter.notes': { pro: { kind: 'metered', limit: 1, per: 'month' } } } as const;
    identity = await openIdentity({ ...test.settings, features, securityEvent: both, log });
    database = await openProductDatabase(identityDatabase, test.urlOf('app'));
    graph = hostSubgraph(identity.subgraph, {
      database,
      entitlements: identity.ports.entitlements,
      events: null,
      securityEvent: both,
      log,
    });
  });
  afterAll(async () => {
    await database.close();
    await identity.close();
    await metrics.close();
    await test.close();
  });

  const post = async (path: string, body: object) =>
    (await (
      await graph.fetch(
        new Request(`http://stack.test${path}`, { method: 'POST', body: JSON.stringify(body) }),
        anonymous,
      )
    ).json()) as { readonly refreshToken: string };
  const names = () => told.map(([name]) => name);

  it('tell of sign-ins, of refresh tokens that are presented again, and of passwords that are reset', async () => {
    await post('/auth/login', { username: 'bob', password: 'wrong' });
    const { refreshToken } = await post('/auth/login', { username: 'bob', password: DEMO_PASSWORD });
    for (let use = 0; use < 2; use += 1) {
      await post('/auth/refresh', { refreshToken });
      await test.advance('11 seconds');
    }
    await post('/auth/reset-password', { email: 'bob@acme.test' });
    await post('/auth/reset-password', { token: 'made up', password: PASSWORD });
    const [mail] = await identity.readMails('bob@acme.test');
    const token = /token=([\w-]+)/.exec(mail!.text)![1]!;
    await post('/auth/reset-password', { token, password: PASSWORD });
    expect(names()).toEqual([
      'sign-in refused',
      'sign-in granted',
      'refresh token replayed',
      'password reset asked',
      'password reset refused',
      'password reset done',
    ]);
  });

  it('tell of a quota that is used up by its feature, and by no name that no product declares', async () => {
    const tenantId = await test.tenantId('acme');
    const override = (feature: string) =>
      test.rows(
        `insert into feature_overrides (tenant_id, feature, version, definition, reason) values ($1, $2, 1, $3, '-')`,
        [tenantId, feature, { kind: 'metered', limit: 0, per: 'month' }],
      );
    const reserve = (feature: string) =>
      identity.ports.entitlements.reserve({
        tenantId: tenantId as TenantId,
        feature,
        amount: 2,
        idempotencyKey: newId(),
      });
    await override('starter.notes');
    await override('made.up');
    for (const feature of ['starter.notes', 'made.up'])
      expect(await reserve(feature)).toMatchObject({ kind: 'exceeded' });
    expect(told).toEqual([
      ['quota refused', { feature: 'starter.notes', tenantId, limit: 0 }],
      ['quota refused', { feature: 'other', tenantId, limit: 0 }],
    ]);
  });

  it('and all else that is logged and counted have nothing that somebody typed', async () => {
    const bodies = [
      { email: `${CANARY}@nowhere.test`, password: PASSWORD },
      { username: CANARY, password: PASSWORD, [`${CANARY}-field`]: 1 },
      { username: 'ada', password: PASSWORD, tenant: CANARY, deviceToken: CANARY },
      { challenge: CANARY, totp: '123456' },
      { refreshToken: CANARY },
      { token: CANARY, password: PASSWORD },
      { email: `${CANARY}@nowhere.test` },
      { email: CANARY, password: PASSWORD, displayName: CANARY, tenant: { slug: CANARY, name: CANARY } },
    ];
    for (const route of Object.keys(graph.declaration.routes!).filter((pattern) => pattern.startsWith('POST ')))
      for (const body of bodies) await post(route.slice('POST '.length), body);
    const root = graph.schema.getMutationType()!;
    const callers = [anonymous, await test.as('ada')];
    for (const context of callers)
      for (const field of fieldsOfRoot(root)) {
        const { text, variables } = askField(root, field);
        const typed = JSON.parse(JSON.stringify(variables).replaceAll('"x"', `"${CANARY}"`)) as typeof variables;
        await graph.execute({ query: text, variables: typed }, context);
      }
    expect(told.length).toBeGreaterThan(10);
    expect(lines.filter((line) => line.includes(CANARY))).toEqual([]);
    expect(lines.filter((line) => line.includes(DEMO_PASSWORD))).toEqual([]);
    expect(await (await fetch(`${metrics.url}/metrics`)).text()).not.toContain(CANARY);
  });
});
