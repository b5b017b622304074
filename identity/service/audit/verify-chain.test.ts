import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditRecord, TenantId, UserId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import fc from 'fast-check';
import { openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';
import { appendAudit } from './append-audit.js';
import { erasePersonal } from './erase-personal.js';
import { OPERATOR } from './origin.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const recordOf = (tenantId: string | null, userId: string = newId()): AuditRecord => ({
  id: newId(),
  tenantId,
  action: 'starter.createNote',
  outcome: 'success',
  reason: null,
  occurredAt: new Date().toISOString(),
  actor: { kind: 'user', id: userId },
  onBehalfOf: null,
  sessionId: null,
  requestId: newId(),
  subjects: [{ type: 'note', id: newId() }],
  leftOut: 0,
  client: { address: '192.0.2.7', agent: null },
});

/** A chain of its own, of a tenant of its own. */
async function chainOf(events: number) {
  const id = newId() as TenantId;
  await test.rows(
    `insert into tenants (id, slug, name) values ($1::uuid, 't' || right(md5($1::uuid::text), 20), 'T')`,
    [id],
  );
  const records = Array.from({ length: events }, () => recordOf(id));
  expect(await test.identity.ports.audit.append(records)).toEqual([]);
  return {
    id,
    records,
    verify: async (...known: { sequence: number; hash: string }[]) =>
      test.identity.audit.verify({ id, slug: null }, known),
    /** As the owner of the schema: nobody else could. `$1` is the tenant. */
    async tamper(statement: string, ...values: unknown[]) {
      await test.rows(statement, [id, ...values]);
    },
    /** Moves what is behind `after` by so many places. */
    async shift(after: number, by: number) {
      await this.tamper('update audit_events set sequence = -sequence where tenant_id = $1 and sequence > $2', after);
      await this.tamper('update audit_events set sequence = $2 - sequence where tenant_id = $1 and sequence < 0', by);
    },
  };
}
type Chain = Awaited<ReturnType<typeof chainOf>>;

/** What somebody with the owner's rights might do at a place, and where it is to be found in a chain of `length`. */
const MANIPULATIONS: Readonly<
  Record<string, (chain: Chain, at: number, length: number) => Promise<number /** where it is found */>>
> = {
  async 'a changed record'(chain, at) {
    await chain.tamper(
      `update audit_events set record = replace(record, 'createNote', 'deleteNote') where tenant_id = $1 and sequence = $2`,
      at,
    );
    return at;
  },
  async 'a record with another actor and a hash made for it'(chain, at, length) {
    await chain.tamper(
      `update audit_events e set record = replace(record, '"user"', '"apiKey"'),
         hash = sha256(coalesce((select b.hash from audit_events b where b.tenant_id = $1 and b.sequence = $2 - 1),
           decode(repeat('00', 32), 'hex')) || convert_to(replace(record, '"user"', '"apiKey"'), 'UTF8'))
       where tenant_id = $1 and sequence = $2`,
      at,
    );
    return at === length ? at : at + 1; // the next one does not follow; after the last one it is the head
  },
  async 'a record that is none, with a hash made for it'(chain, at) {
    await chain.tamper(
      `update audit_events e set record = '{"action":"a","outcome":"b"}',
         hash = sha256(coalesce((select b.hash from audit_events b where b.tenant_id = $1 and b.sequence = $2 - 1),
           decode(repeat('00', 32), 'hex')) || '{"action":"a","outcome":"b"}'::bytea)
       where tenant_id = $1 and sequence = $2`,
      at,
    );
    return at;
  },
  async 'a changed hash'(chain, at) {
    await chain.tamper(`update audit_events set hash = sha256('other') where tenant_id = $1 and sequence = $2`, at);
    return at;
  },
  async 'a removed event'(chain, at) {
    await chain.tamper('delete from audit_events where tenant_id = $1 and sequence = $2', at);
    return at;
  },
  async 'a removed event with the others moved up'(chain, at, length) {
    await chain.tamper('delete from audit_events where tenant_id = $1 and sequence = $2', at);
    await chain.shift(at, -1);
    await chain.tamper('update audit_heads set sequence = sequence - 1 where tenant_id = $1');
    return at === length ? length - 1 : at;
  },
  async 'an inserted event'(chain, at) {
    await chain.shift(at - 1, 1);
    await chain.tamper(
      `insert into audit_events (tenant_id, sequence, id, occurred_at, record, hash)
       select tenant_id, sequence - 1, gen_random_uuid(), occurred_at, record, hash from audit_events where tenant_id = $1 and sequence = $2::bigint + 1`,
      at,
    );
    await chain.tamper('update audit_heads set sequence = sequence + 1 where tenant_id = $1');
    return at;
  },
  async 'an event behind the head'(chain, _at, length) {
    await chain.tamper(
      `insert into audit_events (tenant_id, sequence, id, occurred_at, record, hash)
       select tenant_id, sequence + 1, gen_random_uuid(), occurred_at, record, hash from audit_events where tenant_id = $1 and sequence = $2`,
      length,
    );
    return length + 1;
  },
  async 'two neighbours that changed places'(chain, at, length) {
    const first = Math.min(at, length - 1);
    await chain.tamper(
      `update audit_events set sequence = -sequence where tenant_id = $1 and sequence in ($2::bigint, $2::bigint + 1)`,
      first,
    );
    await chain.tamper(
      `update audit_events set sequence = $2::bigint * 2 + 1 + sequence where tenant_id = $1 and sequence < 0`,
      first,
    );
    return first;
  },
  async 'an event at another time'(chain, at) {
    await chain.tamper(
      `update audit_events set occurred_at = occurred_at - interval '1 hour' where tenant_id = $1 and sequence = $2`,
      at,
    );
    return at;
  },
  async 'an event under another id'(chain, at) {
    await chain.tamper('update audit_events set id = gen_random_uuid() where tenant_id = $1 and sequence = $2', at);
    return at;
  },
  async 'another address of the client'(chain, at) {
    await chain.tamper(
      `update audit_personal set data = '{"address": "198.51.100.1"}' where tenant_id = $1 and event_id = $2`,
      chain.records[at - 1]!.id,
    );
    return at;
  },
  async 'a head with another hash'(chain, _at, length) {
    await chain.tamper(`update audit_heads set hash = sha256('other') where tenant_id = $1`);
    return length;
  },
  async 'no head'(chain) {
    await chain.tamper('delete from audit_heads where tenant_id = $1');
    return 1;
  },
};

describe('A chain', () => {
  it('holds as it was appended, however long it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 200 }), async (length) => {
        const chain = await chainOf(length);
        expect(await chain.verify()).toMatchObject({ events: length, head: { sequence: length }, broken: null });
      }),
      { numRuns: 5 },
    );
  });

  it.each(Object.keys(MANIPULATIONS))('with %s does not hold, and where is told', async (name) => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .integer({ min: 2, max: 9 })
          .chain((length) => fc.tuple(fc.constant(length), fc.integer({ min: 1, max: length }))),
        async ([length, at]) => {
          const chain = await chainOf(length);
          const found = await MANIPULATIONS[name]!(chain, at, length);
          const { broken } = await chain.verify();
          expect(broken).toMatchObject({ sequence: found, what: expect.any(String) });
        },
      ),
      { numRuns: 6 },
    );
  });

  it('that lost its end with its head does not hold against a head that was kept', async () => {
    const chain = await chainOf(5);
    const { head } = await chain.verify();
    await chain.tamper('delete from audit_events where tenant_id = $1 and sequence > 3');
    await chain.tamper(
      `update audit_heads h set (sequence, hash) = (select sequence, hash from audit_events e where e.tenant_id = $1 and sequence = 3)
       where tenant_id = $1`,
    );
    expect((await chain.verify()).broken).toBeNull(); // nothing here can know
    expect((await chain.verify(head)).broken).toEqual({
      sequence: 4,
      id: null,
      what: 'is missing: the chain once had 5 events',
    });
  });

  it('that was made anew from the beginning does not hold against a head that was kept', async () => {
    const chain = await chainOf(2);
    const { head } = await chain.verify();
    await chain.tamper('delete from audit_events where tenant_id = $1');
    await chain.tamper('delete from audit_heads where tenant_id = $1');
    await test.identity.ports.audit.append([recordOf(chain.id), recordOf(chain.id), recordOf(chain.id)]);
    expect((await chain.verify()).broken).toBeNull();
    expect((await chain.verify(head)).broken).toEqual({
      sequence: 2,
      id: expect.any(String),
      what: 'has another hash than the one that was kept of it',
    });
  });

  it('holds, gapless, when twenty append to it at once, products and core-identity', async () => {
    const chain = await chainOf(0);
    const own = () =>
      test.flows.db.transaction((rows) =>
        appendAudit(rows, { tenantId: chain.id, origin: OPERATOR, action: 'identity.test', outcome: 'success' }),
      );
    const ofProduct = () => test.identity.ports.audit.append([recordOf(chain.id), recordOf(chain.id)]);
    await Promise.all(Array.from({ length: 10 }, () => [own(), ofProduct()]).flat());
    expect(await chain.verify()).toMatchObject({ events: 30, broken: null });
  });

  it('holds when the personal data of somebody are erased, in every chain, and nobody else loses any', async () => {
    const [ada, bob] = [newId() as UserId, newId() as UserId];
    const [one, other] = [await chainOf(2), await chainOf(1)];
    const its = [recordOf(one.id, ada), recordOf(one.id, bob), recordOf(other.id, ada), recordOf(null, ada)];
    await test.identity.ports.audit.append(its);
    const person = { userId: ada, email: 'ada@nowhere.test', username: null, tenantIds: [] };
    expect(await erasePersonal(test.flows.db.rows, person)).toBe(3);
    const left = await test.rows<{ id: string }>('select event_id as id from audit_personal where user_id = any ($1)', [
      [ada, bob],
    ]);
    expect(left).toEqual([{ id: its[1]!.id }]);
    for (const { verify } of [one, other]) expect((await verify()).broken).toBeNull();
    const events = await test.identity.audit.list({ chain: { id: one.id, slug: null }, last: 10 });
    expect(events.slice(-2).map(({ data }) => data)).toEqual([null, { address: '192.0.2.7' }]);
  });
});

describe('Nobody but the owner of the schema', () => {
  it.each(['app', 'system'] as const)('changes, removes or empties events: not the %s role', async (role) => {
    const { Client } = (await import('pg')).default;
    const client = new Client({ connectionString: test.urlOf(role), options: '-c search_path=identity' });
    await client.connect();
    try {
      for (const statement of [
        "update audit_events set record = '{}'",
        'delete from audit_events',
        'truncate audit_events',
        "update audit_personal set data = '{}'",
        'truncate audit_personal',
        ...(role === 'app'
          ? [
              'delete from audit_personal',
              "insert into audit_events (id) values ('00000000-0000-0000-0000-000000000001')",
            ]
          : []),
        ...(role === 'app' ? ['select from audit_heads', 'update audit_heads set sequence = 0'] : []),
        'delete from audit_heads',
      ])
        await expect([statement, await client.query(statement).catch((error: Error) => error.message)]).toEqual([
          statement,
          expect.stringMatching(/^permission denied/),
        ]);
    } finally {
      await client.end();
    }
  });
});
