import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  auditActorOf,
  BadUserInput,
  identityClient,
  type AuditRecord,
  type RequestContext,
  type TenantId,
  type UserId,
} from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import pg from 'pg';
import { openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';
import { serveInternalApi, type ServedInternalApi } from '../testing/serve-internal-api.js';
import { appendAudit } from './append-audit.js';
import { originOf } from './origin.js';

let test: TestIdentity;
let served: ServedInternalApi;
let acme: TenantId;
let globex: TenantId;
let ada: RequestContext;
let gus: RequestContext;
beforeAll(async () => {
  test = await openTestIdentity();
  served = await serveInternalApi(test.identity);
  [acme, globex] = [await test.tenantId('acme'), await test.tenantId('globex')];
  [ada, gus] = [await test.as('ada'), await test.as('gus')];
});
afterAll(async () => {
  await served.close();
  await test.close();
});

const recordOf = (change: Partial<AuditRecord> = {}): AuditRecord => ({
  ...auditActorOf(ada.caller),
  id: newId(),
  tenantId: acme,
  action: 'starter.createNote',
  outcome: 'success',
  reason: null,
  occurredAt: '2026-03-01T12:00:00.000Z',
  sessionId: ada.sessionId,
  requestId: 'request-1',
  subjects: [{ type: 'note', id: newId() }],
  leftOut: 0,
  client: { address: '192.0.2.7', agent: 'a browser' },
  ...change,
});
const append = (...records: readonly AuditRecord[]) => test.identity.ports.audit.append(records);
const idsOf = async (tenantId: TenantId | null): Promise<readonly string[]> =>
  (await test.audit(tenantId)).map((record) => (record as unknown as { id: string }).id);

describe('What a mutation of a product did', () => {
  it('is an event of its tenant with all that the product recorded, personal data apart', async () => {
    const record = recordOf({ onBehalfOf: newId(), leftOut: 3 });
    expect(await append(record)).toEqual([]);
    expect((await test.audit(acme)).at(-1)).toEqual({
      id: record.id,
      tenant: acme,
      at: '2026-03-01T12:00:00.000Z',
      action: 'starter.createNote',
      outcome: 'success',
      actor: record.actor,
      onBehalfOf: record.onBehalfOf,
      session: ada.sessionId,
      request: 'request-1',
      subjects: record.subjects,
      details: { leftOut: 3 },
      personal: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(await test.rows('select user_id, data from audit_personal where event_id = $1', [record.id])).toEqual([
      { user_id: record.actor.id, data: { address: '192.0.2.7', agent: 'a browser' } },
    ]);
  });

  it('is one event however often it is sent, also twice at once and twice in one batch', async () => {
    const records = [recordOf(), recordOf()];
    await Promise.all([append(...records), append(...records), append(records[0]!, records[0]!)]);
    await append(...records, recordOf());
    const ids = await idsOf(acme);
    for (const { id } of records) expect(ids.filter((one) => one === id)).toHaveLength(1);
  });

  it('is in order in the chain of its own tenant, in whatever batches it comes', async () => {
    const records = [acme, globex, null, acme, globex, null, acme].map((tenantId) => recordOf({ tenantId }));
    await append(...records.slice(0, 4));
    await append(...records.slice(3));
    for (const tenant of [acme, globex, null]) {
      const its = records.filter(({ tenantId }) => tenantId === tenant).map(({ id }) => id);
      expect((await idsOf(tenant)).slice(-its.length)).toEqual(its);
    }
  });

  it('is refused, and keeps no other waiting, for a tenant that does not exist or a record that is none', async () => {
    const bad = [
      recordOf({ tenantId: newId() }),
      recordOf({ tenantId: '00000000-0000-0000-0000-000000000000' }),
      recordOf({ action: 'identity.sign-in' }),
      recordOf({ action: 'identity.createUser' }),
      recordOf({ action: 'a sentence that somebody wrote' }),
      recordOf({ action: 'starter.POST with a sentence' }),
      recordOf({ actor: { kind: 'user', id: 'root' } }),
      recordOf({ actor: { kind: 'operator', id: 'somebody' } as never }),
      recordOf({ subjects: [{ type: 'note', id: 'mail@of.somebody' }] }),
      recordOf({ requestId: 'with a \0' }),
      { ...recordOf(), text: 'what the note says' },
    ];
    const good = recordOf();
    const refused = await append(...bad, good);
    expect(refused.map(({ id }) => id).sort()).toEqual(bad.map(({ id }) => id).sort());
    expect(refused.find(({ id }) => id === bad[0]!.id)).toEqual({ id: bad[0]!.id, why: 'There is no such tenant.' });
    expect(refused.find(({ id }) => id === bad[2]!.id)!.why).toBe('action: is no action of a product');
    expect((await idsOf(acme)).at(-1)).toBe(good.id);
    await expect(append(...Array.from({ length: 201 }, () => recordOf()))).rejects.toThrow(BadUserInput);
  });

  it('comes over HTTP from a service that speaks for itself, and from no other', async () => {
    const starter = identityClient(served.url, test.product);
    const record = recordOf();
    expect(await starter.audit.append([record])).toEqual([]);
    expect((await idsOf(acme)).at(-1)).toBe(record.id);
    await expect(starter.audit.append([recordOf({ action: 'platformforge.generatePlatform' })])).rejects.toThrow('403');
    await expect(identityClient(served.url, test.gateway).audit.append([recordOf()])).rejects.toThrow('403');
  });

  it('fits into a request in the largest batch there is', async () => {
    const full = () =>
      recordOf({
        subjects: Array.from({ length: 20 }, () => ({ type: 'a-subject-with-a-long-name', id: newId() })),
        client: { address: '2001:db8:1111:2222:3333:4444:5555:6666', agent: 'x'.repeat(200) },
      });
    const batch = Array.from({ length: 200 }, full);
    expect(await identityClient(served.url, test.product).audit.append(batch)).toEqual([]);
    expect((await idsOf(acme)).slice(-200)).toEqual(batch.map(({ id }) => id));
  });
});

const EVENTS = `query ($first: Int, $after: String, $filter: AuditEventFilter) {
  viewer { tenant { slug auditEvents(first: $first, after: $after, filter: $filter) {
    nodes { id at action outcome actor { kind actorId } onBehalfOf sessionId request reason subjects { type subjectId } details personal }
    pageInfo { hasNextPage endCursor }
  } } }
}`;
interface Seen {
  readonly nodes: readonly (Readonly<Record<string, unknown>> & { readonly id: string })[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}
const pageOf = async (context: RequestContext, variables: object = {}): Promise<Seen> =>
  (await test.ask(EVENTS, context, { ...variables })).data.viewer.tenant.auditEvents as Seen;

describe('The audit of a tenant', () => {
  it('shows its administrators what was done, the newest first, refusals with their reasons, and personal data until they are erased', async () => {
    const subject = { type: 'user', id: newId() };
    await test.advance('1 day');
    await test.flows.db.transaction((rows) =>
      appendAudit(rows, {
        tenantId: acme,
        origin: { ...originOf(ada), client: { address: '192.0.2.9', agent: null } },
        action: 'identity.test',
        outcome: 'refused',
        reason: 'because',
        subject,
        details: { of: 'the test' },
      }),
    );
    const { nodes } = await pageOf(ada, { first: 1 });
    expect(nodes).toEqual([
      {
        id: expect.any(String),
        at: expect.any(String),
        action: 'identity.test',
        outcome: 'REFUSED',
        actor: { kind: 'USER', actorId: (ada.caller as { userId: UserId }).userId },
        onBehalfOf: null,
        sessionId: ada.sessionId,
        request: 'test',
        reason: 'because',
        subjects: [{ type: 'user', subjectId: subject.id }],
        details: { of: 'the test' },
        personal: { address: '192.0.2.9' },
      },
    ]);
    await test.rows('delete from audit_personal where event_id = $1', [nodes[0]!.id]);
    expect((await pageOf(ada, { first: 1 })).nodes[0]).toMatchObject({ id: nodes[0]!.id, personal: null });
  });

  it('is read page by page, each event once', async () => {
    const all = (
      await test.rows<{ id: string }>(
        'select id from audit_events where tenant_id = $1 order by occurred_at desc, sequence desc',
        [acme],
      )
    ).map(({ id }) => id);
    const seen: string[] = [];
    let page: Seen | null = null;
    while (!page || page.pageInfo.hasNextPage) {
      page = await pageOf(ada, { first: 60, after: page?.pageInfo.endCursor ?? null });
      seen.push(...page.nodes.map(({ id }) => id));
    }
    expect(seen).toEqual(all);
  });

  it('is filtered by what was done, by whom, with which outcome, and when', async () => {
    const userId = newId() as UserId;
    const its = recordOf({ actor: { kind: 'user', id: userId }, occurredAt: '2026-01-02T00:00:00.000Z' });
    const denied = recordOf({ ...its, id: newId(), outcome: 'refused', reason: 'FORBIDDEN', action: 'starter.other' });
    const later = recordOf({ ...its, id: newId(), occurredAt: '2026-01-03T00:00:00.000Z' });
    await append(its, denied, later);
    const filtered = async (filter: object) => (await pageOf(ada, { filter })).nodes.map(({ id }) => id);
    const actorId = userId;
    expect(await filtered({ actorId })).toEqual([later.id, denied.id, its.id]);
    expect(await filtered({ actorId, action: 'starter.createNote' })).toEqual([later.id, its.id]);
    expect(await filtered({ actorId, outcome: 'REFUSED' })).toEqual([denied.id]);
    expect(await filtered({ actorId, from: its.occurredAt, to: later.occurredAt })).toEqual([denied.id, its.id]);
    expect(await filtered({ actorId, from: '2026-01-02T00:00:00.001Z' })).toEqual([later.id]);
    expect(await filtered({ actorId: "' or true --" })).toEqual([]);
  });

  it("shows nothing of another tenant's, and takes a cursor of it for none at all", async () => {
    const theirs = recordOf({ tenantId: globex });
    await append(theirs);
    const { pageInfo } = await pageOf(gus, { first: 1 });
    const { nodes } = await pageOf(ada, { first: 100, filter: { from: '2020-01-01T00:00:00Z' } });
    expect(nodes.map(({ id }) => id)).not.toContain(theirs.id);
    const refusalOf = async (after: string) => (await test.ask(EVENTS, ada, { after })).errors;
    const unknown = await refusalOf(Buffer.from(newId()).toString('base64url'));
    expect(unknown).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'after' } }]);
    expect(await refusalOf(pageInfo.endCursor!)).toEqual(unknown);
  });

  it('is closed to members without the permission, who see the rest of the tenant', async () => {
    const { data, errors } = await test.ask(EVENTS, await test.as('bob'));
    expect(data).toEqual({ viewer: { tenant: { slug: 'acme', auditEvents: null } } });
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });

  it('is read by ranges of an index, however it is filtered', async () => {
    const crowded = newId();
    await test.rows(
      `insert into audit_events (tenant_id, sequence, id, occurred_at, record, hash)
       select $1, n, gen_random_uuid(), now() + n * interval '1 second',
         json_build_object('action', 'starter.' || n % 10, 'outcome', case n % 10 when 0 then 'refused' else 'success' end,
           'actor', json_build_object('id', n % 10))::text, '\\x00'
       from generate_series(1, 5000) n`,
      [crowded],
    );
    await test.rows('analyze audit_events');
    const reader = new pg.Client({ connectionString: test.urlOf('app'), options: '-c search_path=identity' });
    await reader.connect();
    await reader.query("select set_config('stack.tenant_id', $1, false)", [crowded]);
    try {
      for (const filter of [
        '',
        "and action = 'starter.7'",
        "and actor_id = '7'",
        "and outcome = 'refused'",
        "and occurred_at < now() + interval '1 hour'",
        "and (occurred_at, sequence) < (now() + interval '1 hour', 7)",
      ]) {
        const { rows } = await reader.query<{ 'QUERY PLAN': string }>(
          `explain select record from audit_events where tenant_id = '${crowded}' ${filter}
           order by occurred_at desc, sequence desc limit 21`,
        );
        const plan = rows.map((line) => line['QUERY PLAN']).join('\n');
        expect([filter, plan]).toEqual([filter, expect.stringMatching(/Index Scan Backward using audit_events_/)]);
        expect(plan).not.toMatch(/Seq Scan|Sort/);
      }
    } finally {
      await reader.end();
    }
  });
});

describe('The audit of no tenant', () => {
  const PLATFORM = '{ platformAuditEvents(first: 1) { nodes { id subjects { subjectId } actor { kind } } } }';

  it('is shown to platform administrators', async () => {
    const record = recordOf({
      actor: { kind: 'apiKey', id: 'k' },
      tenantId: null,
      occurredAt: '2040-01-01T00:00:00.000Z',
    });
    await append(record);
    const answer = await test.ask(PLATFORM, await test.as('root'));
    expect(answer).toEqual({
      data: {
        platformAuditEvents: {
          nodes: [{ id: record.id, subjects: [{ subjectId: record.subjects[0]!.id }], actor: { kind: 'API_KEY' } }],
        },
      },
    });
  });

  it('is closed to everybody else, owners of tenants included', async () => {
    const { data, errors } = await test.ask(PLATFORM, ada);
    expect(data).toEqual({ platformAuditEvents: null });
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });
});
