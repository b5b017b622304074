import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditPort, AuditRecord, Caller, RequestContext, UserId } from '@inevitable/contract';
import {
  BadUserInput,
  Conflict,
  Forbidden,
  newId,
  NotEntitled,
  NotFound,
  QuotaExceeded,
  type ProductContext,
  type SubgraphDeclaration,
} from '@inevitable/kit';
import { hostSubgraph, openSystemPool, roleUrl } from '@inevitable/kit/host';
import { testSubgraph, until, type TestSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import pg from 'pg';
import { pino } from 'pino';
import { startRelay } from '../../subgraphs/kit/outbox/relay.js';

const NOBODY = '00000000-0000-0000-0000-000000000000';
const log = pino({ level: 'silent' });

/** What the worker sends, to an identity that can be away, and that refuses what it is told to. */
const identity = {
  isAway: false,
  refuses: (() => false) as (record: AuditRecord) => boolean,
  sent: [] as AuditRecord[],
};
const audit: AuditPort = {
  append(records) {
    if (identity.isAway) return Promise.reject(new Error('identity is away'));
    identity.sent.push(...records);
    return Promise.resolve(records.filter(identity.refuses).map(({ id }) => ({ id, why: 'There is no such tenant.' })));
  },
};

let product: TestSubgraph;
let owner: pg.Pool;
beforeAll(async () => {
  product = await testSubgraph(starter, { audit });
  owner = new pg.Pool({ connectionString: product.ownerUrl, options: '-c search_path=starter', max: 1 });
  owner.on('error', () => undefined); // ended, and yet told of the drop of its database
});
afterAll(async () => {
  await owner.end();
  await product.close();
});

const CREATE_NOTE = 'mutation ($text: String!) { createNote(input: { text: $text }) { id } }';
const by = (caller: Caller, tenant: RequestContext['tenant'] = null): RequestContext => ({
  ...product.as({ tenant: 'acme' }).context,
  requestId: newId(),
  caller,
  tenant,
  client: { address: '192.0.2.7', agent: 'a browser' },
});

/** The starter with `createNote` resolved like this, and nothing else changed. */
const withCreateNote = (createNote: (context: ProductContext) => unknown, audits?: 'itself') =>
  hostSubgraph(
    {
      ...starter,
      ...(audits && { audits }),
      resolvers: {
        ...starter.resolvers,
        Mutation: { createNote: (_parent: unknown, _args: unknown, context: ProductContext) => createNote(context) },
      },
    },
    { database: product.database, entitlements: null as never, events: null, log },
  );

/** What the request left in the outbox, sent or not. */
const leftBy = async ({ requestId }: RequestContext): Promise<readonly object[]> => {
  const left = `select name, tenant_id as tenant, payload from outbox where kind = 'audit' and correlation_id = $1`;
  return (await owner.query<object>(left, [requestId])).rows;
};

describe('A mutation', () => {
  it('leaves one record: what was done, to what, by whom, in which session and request, from where, and no word of the input', async () => {
    const ada = product.as({ tenant: 'acme', user: 'ada' });
    const context = { ...ada.context, client: { address: '192.0.2.7', agent: 'a browser' } };
    const hosted = hostSubgraph(starter, {
      database: product.database,
      entitlements: product.entitlements,
      events: null,
      log,
    });
    const { data } = await hosted.execute({ query: CREATE_NOTE, variables: { text: 'a word' } }, context);
    await product.audit.settled();
    const records = identity.sent.filter(({ requestId }) => requestId === context.requestId);
    expect(records).toEqual([
      {
        id: expect.any(String),
        tenantId: context.tenant!.id,
        action: 'starter.createNote',
        outcome: 'success',
        reason: null,
        occurredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        actor: { kind: 'user', id: (context.caller as { userId: string }).userId },
        onBehalfOf: null,
        sessionId: context.sessionId,
        requestId: context.requestId,
        subjects: [{ type: 'note', id: (data!['createNote'] as { id: string }).id }],
        leftOut: 0,
        client: { address: '192.0.2.7', agent: 'a browser' },
      },
    ]);
    expect(JSON.stringify(records)).not.toContain('a word');
  });

  it.each<[string, Caller, object]>([
    ['an API key', { kind: 'apiKey', keyId: 'key-1' as never }, { kind: 'apiKey', id: 'key-1' }],
    ['a service', { kind: 'service', service: 'billing' }, { kind: 'service', id: 'billing' }],
  ])('of %s is recorded as its own', async (_who, caller, actor) => {
    const context = by(caller, product.as({ tenant: 'acme' }).context.tenant);
    await withCreateNote(() => null).execute({ query: CREATE_NOTE, variables: { text: '-' } }, context);
    expect(await leftBy(context)).toMatchObject([{ payload: { actor, onBehalfOf: null } }]);
  });

  it('of somebody who acts for another names both', async () => {
    const [real, shown] = [newId() as UserId, newId() as UserId];
    const context = by({ kind: 'member', userId: shown, actor: real }, product.as({ tenant: 'acme' }).context.tenant);
    await withCreateNote(() => null).execute({ query: CREATE_NOTE, variables: { text: '-' } }, context);
    expect(await leftBy(context)).toMatchObject([
      { payload: { actor: { kind: 'user', id: real }, onBehalfOf: shown } },
    ]);
  });

  it('of no tenant is recorded as that, though it writes no row', async () => {
    const root = newId() as UserId;
    const context = by({ kind: 'platformAdmin', userId: root });
    await withCreateNote(() => null).execute({ query: CREATE_NOTE, variables: { text: '-' } }, context);
    expect(await leftBy(context)).toMatchObject([{ tenant: NOBODY, payload: { actor: { kind: 'user', id: root } } }]);
  });

  it('that fails by a fault of ours leaves none', async () => {
    const context = by({ kind: 'member', userId: newId() as UserId }, product.as({ tenant: 'acme' }).context.tenant);
    const failing = withCreateNote(() => Promise.reject(new Error('boom')));
    await failing.execute({ query: CREATE_NOTE, variables: { text: '-' } }, context);
    expect(await leftBy(context)).toEqual([]);
  });

  it('is not done where its record cannot be written', async () => {
    const context = by({ kind: 'member', userId: newId() as UserId }, product.as({ tenant: 'acme' }).context.tenant);
    const id = newId();
    await owner.query("alter table outbox add constraint broken check (kind <> 'audit') not valid");
    try {
      const writing = withCreateNote(async ({ db }) => {
        const { note } = db as unknown as { note: { create(row: object): Promise<unknown> } };
        await note.create({ data: { id, text: 'never', createdBy: newId() } });
        return null;
      });
      const { errors } = await writing.execute({ query: CREATE_NOTE, variables: { text: '-' } }, context);
      expect(errors?.[0]?.extensions).toEqual({ code: 'INTERNAL' });
    } finally {
      await owner.query('alter table outbox drop constraint broken');
    }
    expect((await owner.query('select from notes where id = $1', [id])).rowCount).toBe(0);
  });

  it('of a product that audits itself is left to it', async () => {
    const context = by({ kind: 'member', userId: newId() as UserId }, product.as({ tenant: 'acme' }).context.tenant);
    const own = withCreateNote(() => null, 'itself');
    await own.execute({ query: CREATE_NOTE, variables: { text: '-' } }, context);
    expect(await leftBy(context)).toEqual([]);
  });
});

describe('A mutation that is refused', () => {
  const denying = () => withCreateNote(() => Promise.reject(new Forbidden()));
  const deny = (hosted: ReturnType<typeof denying>, context: RequestContext) =>
    hosted.execute({ query: CREATE_NOTE, variables: { text: '-' } }, context);

  it.each([
    ['FORBIDDEN', new Forbidden()],
    ['CONFLICT', new Conflict('It is taken.')],
    ['NOT_FOUND', new NotFound('note')],
    ['BAD_USER_INPUT', new BadUserInput('No.', 'input.text')],
    ['QUOTA_EXCEEDED', new QuotaExceeded('starter.notes', 3, new Date('2026-12-01T00:00:00Z'))],
    ['NOT_ENTITLED', new NotEntitled('starter.notes')],
  ])(
    'with %s to a known caller of a tenant leaves a record with the code, and none of the ids that were sent',
    async (code, error) => {
      const context = by({ kind: 'member', userId: newId() as UserId }, product.as({ tenant: 'acme' }).context.tenant);
      const refusing = withCreateNote(() => Promise.reject(error));
      await refusing.execute({ query: CREATE_NOTE, variables: { text: '-' } }, context);
      expect(await leftBy(context)).toMatchObject([
        { tenant: context.tenant!.id, payload: { outcome: 'refused', reason: code, subjects: [] } },
      ]);
    },
  );

  it('to nobody in particular leaves none', async () => {
    const context = by({ kind: 'anonymous' });
    await deny(denying(), context);
    expect(await leftBy(context)).toEqual([]);
  });

  it('over and over is recorded 60 times a minute, so that no flood of them fills the outbox', async () => {
    const hosted = denying();
    const context = by({ kind: 'member', userId: newId() as UserId }, product.as({ tenant: 'flooded' }).context.tenant);
    for (let round = 0; round < 13; round += 1)
      await Promise.all(Array.from({ length: 5 }, () => deny(hosted, context)));
    expect(await leftBy(context)).toHaveLength(60);
  });

  it('leaves as many records together with the routes of its product, and not as many again', async () => {
    const tenant = product.as({ tenant: 'flooded' }).context.tenant;
    const context = by({ kind: 'member', userId: newId() as UserId }, tenant);
    const declaration = {
      ...starter,
      resolvers: { ...starter.resolvers, Mutation: { createNote: () => Promise.reject(new Forbidden()) } },
      routes: { 'POST /starter/things': () => Promise.reject(new Forbidden()) },
    };
    const resources = { database: product.database, entitlements: null as never, events: null, log };
    const hosted = hostSubgraph(declaration, resources);
    const route = () => hosted.fetch(new Request('http://stack.test/starter/things', { method: 'POST' }), context);
    for (let round = 0; round < 7; round += 1)
      await Promise.all(Array.from({ length: 5 }, () => Promise.all([deny(hosted, context), route()])));
    expect(await leftBy(context)).toHaveLength(60);
  });
});

describe('A route', () => {
  const ROUTES: NonNullable<SubgraphDeclaration['routes']> = {
    'POST /starter/things/:id': (request) => {
      if (request.headers.has('x-deny')) throw new Forbidden();
      return new Response(null, { status: request.headers.has('x-fail') ? 422 : 204 });
    },
    'GET /starter/things/:id': () => new Response('a thing'),
  };
  const ask = async (init: RequestInit) => {
    const context = by({ kind: 'member', userId: newId() as UserId }, product.as({ tenant: 'acme' }).context.tenant);
    const hosted = hostSubgraph(
      { ...starter, routes: ROUTES },
      { database: product.database, entitlements: null as never, events: null, log },
    );
    await hosted.fetch(new Request('http://stack.test/starter/things/7', init), context);
    return leftBy(context);
  };

  it('that changes something leaves a record like a mutation, by the name it is declared with', async () => {
    expect(await ask({ method: 'POST' })).toMatchObject([
      { name: 'starter.POST /starter/things/:id', payload: { outcome: 'success', subjects: [] } },
    ]);
  });

  it('that is denied leaves a record, and one that failed or only reads leaves none', async () => {
    expect(await ask({ method: 'POST', headers: { 'x-deny': '1' } })).toMatchObject([
      { payload: { outcome: 'refused', reason: 'FORBIDDEN' } },
    ]);
    expect(await ask({ method: 'POST', headers: { 'x-fail': '1' } })).toEqual([]);
    expect(await ask({ method: 'GET' })).toEqual([]);
  });
});

describe('What mutations leave for the audit', () => {
  it('waits while core-identity is away, and arrives in order when it is back', async () => {
    identity.isAway = true;
    const ada = product.as({ tenant: 'waiting', user: 'ada' });
    const ids: string[] = [];
    for (const text of ['one', 'two', 'three']) {
      const { data } = await ada.query(CREATE_NOTE, { text });
      ids.push((data!['createNote'] as { id: string }).id);
    }
    const { tenant } = ada.context;
    const ofTenant = () => identity.sent.filter(({ tenantId }) => tenantId === tenant!.id);
    expect(ofTenant()).toEqual([]);
    identity.isAway = false;
    await product.audit.settled();
    expect(ofTenant().map(({ subjects }) => subjects[0]!.id)).toEqual(ids);
  });

  it('is missed by the relay while core-identity is away, which says so in words, and when it is back', async () => {
    await product.jobs.stop();
    await product.as({ tenant: 'acme' }).query(CREATE_NOTE, { text: 'to be sent' });
    identity.isAway = true;
    const systemUrl = roleUrl(product.ownerUrl, new URL(product.ownerUrl).password, 'starter', 'system');
    const pool = openSystemPool('starter', systemUrl);
    const jobs = { insert: () => Promise.resolve() };
    const relay = startRelay({ product: 'starter', pool, jobs, events: product.events, audit, log });
    try {
      await until('it says so', () => relay.trouble !== null);
      expect(relay.trouble).toBe('outbox of "starter": identity is away');
      identity.isAway = false;
      await until('it says no more', () => relay.trouble === null);
    } finally {
      identity.isAway = false;
      await relay.stop();
      await pool.end();
      await product.jobs.start();
    }
  });

  it('keeps no event or job waiting meanwhile', async () => {
    identity.isAway = true;
    try {
      await product.as({ tenant: 'acme' }).query(CREATE_NOTE, { text: 'three words here' });
      await product.jobs.settled('starter.count-words');
    } finally {
      identity.isAway = false;
    }
  });

  it('is set aside with the reason where core-identity refuses it, and keeps no other waiting', async () => {
    const gone = product.as({ tenant: 'gone' });
    identity.refuses = ({ tenantId }) => tenantId === gone.context.tenant!.id;
    await gone.query(CREATE_NOTE, { text: 'of nobody' });
    await product.as({ tenant: 'acme' }).query(CREATE_NOTE, { text: 'after it' });
    const refused = 'select name, refused, sent_at from outbox where refused is not null';
    await until('one is refused', async () => (await owner.query(refused)).rowCount === 1);
    expect((await owner.query(refused)).rows).toEqual([
      { name: 'starter.createNote', refused: 'There is no such tenant.', sent_at: null },
    ]);
    await until('no other waits', async () => {
      const waits = "select from outbox where kind = 'audit' and sent_at is null and refused is null";
      return (await owner.query(waits)).rowCount === 0;
    });
  });
});

describe('Work of a tenant', () => {
  const insert = (tenantId: string | null, ofTenant: string, name: string) =>
    product.database.forTenant(tenantId).statement({
      text: `insert into outbox (tenant_id, id, kind, name, aggregate, payload, correlation_id)
        values ($1, $2, 'audit', $3, 'a', '{}', 'c')`,
      values: [ofTenant, newId(), name],
    });
  const acme = () => product.as({ tenant: 'acme' }).context.tenant!.id;
  const globex = () => product.as({ tenant: 'globex' }).context.tenant!.id;

  it('cannot leave a record in the name of another tenant, nor of nobody', async () => {
    await expect(insert(acme(), globex(), 'starter.forged')).rejects.toThrow(/row-level security/);
    await expect(insert(acme(), NOBODY, 'starter.forged')).rejects.toThrow(/row-level security/);
    await expect(insert(null, globex(), 'starter.forged')).rejects.toThrow(/row-level security/);
  });

  it('cannot leave one in the name of another product', async () => {
    await expect(insert(acme(), acme(), 'identity.sign-in')).rejects.toThrow(/own_audit/);
  });
});
