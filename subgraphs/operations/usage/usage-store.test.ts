import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Caller, OperationUsage, UserId } from '@inevitable/contract';
import fc from 'fast-check';
import { openTestOperations, type TestOperations } from '../testing/open-test-operations.js';
import { openUsageStore, type UsageStore } from './usage-store.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let test: TestOperations;
/** Of a second gateway's process. */
let other: UsageStore;
/** The hour it is. */
let now: number;
beforeAll(async () => {
  test = await openTestOperations();
  other = openUsageStore(test.systemUrl, { warn: () => undefined } as never);
});
afterAll(async () => {
  await other.close();
  await test.close();
});
beforeEach(async () => {
  await test.rows('truncate operations.operations, operations.usage_left_out cascade');
  test.warned.length = 0;
  const clock = await test.store.now();
  now = clock.getTime() - (clock.getTime() % HOUR_MS);
});

const signatureOf = (document: string): string => createHash('sha256').update(document).digest('hex');
/** Once, of the hour it is, by nobody in particular. */
function usage(document: string, changes: Partial<OperationUsage> = {}): OperationUsage {
  return {
    signature: signatureOf(document),
    operationName: null,
    document,
    inputs: [],
    client: { name: null, version: null },
    plan: null,
    hour: now,
    count: 1,
    errors: 0,
    totalMs: 1,
    ...changes,
  };
}
const everything = (days = 90) => test.usage.operations({ days, first: 1_000, after: null });
const hours = () =>
  test.rows<Record<string, unknown>>(
    `select o.document, h.hour, h.client_name, h.client_version, h.plan, h.count::int, h.errors::int, h.total_ms
     from operations.operation_hours h join operations.operations o using (signature) order by 1, 2, 3, 4, 5`,
  );

describe('What gateways counted', () => {
  it('is told by operation, with everybody who sent it', async () => {
    const web = { name: 'web', version: '1' };
    await test.usage.record([
      usage('{ a }', { operationName: 'A', inputs: ['In.b', 'In.a'], client: web, plan: 'pro', count: 3 }),
      usage('{ a }', { operationName: 'A', inputs: ['In.c'], client: web, plan: 'pro', hour: now - HOUR_MS, count: 4 }),
      usage('{ a }', { operationName: 'A', client: { name: 'cli', version: null }, count: 8 }),
    ]);
    expect(await everything()).toEqual([
      {
        signature: signatureOf('{ a }'),
        operationName: 'A',
        document: '{ a }',
        inputs: ['In.a', 'In.b', 'In.c'],
        count: 15,
        lastSeen: expect.any(Date),
        clients: [
          { name: 'cli', version: null, plan: null, count: 8 },
          { name: 'web', version: '1', plan: 'pro', count: 7 },
        ],
      },
    ]);
    expect((await test.usage.since())!.getTime()).toBeLessThanOrEqual((await test.store.now()).getTime());
  });

  it('adds up, in whatever batches and by however many gateways at once it comes: nothing is lost or doubled', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.array(anyUsage, { maxLength: 12 }), { maxLength: 8 }), async (batches) => {
        await test.rows('truncate operations.operations cascade');
        const given = batches.map((batch) => batch.map(({ ago, ...rest }) => ({ ...rest, hour: now - ago * HOUR_MS })));
        await Promise.all(given.map((batch, at) => (at % 2 ? other : test.usage).record(batch)));
        expect(await hours()).toEqual(added(given.flat()));
      }),
      { numRuns: 25 },
    ));

  it('is told for the days that are asked for', async () => {
    await test.usage.record([usage('{ a }', { count: 2 }), usage('{ a }', { hour: now - 3 * DAY_MS, count: 5 })]);
    expect(await everything(2)).toMatchObject([{ count: 2, clients: [{ count: 2 }] }]);
    expect(await everything(4)).toMatchObject([{ count: 7, clients: [{ count: 7 }] }]);
    await test.rows("update operations.operations set last_seen_at = now() - interval '5 days'");
    expect(await everything(4)).toEqual([]);
  });

  it('is told a page at a time, by signature, each operation once', async () => {
    const documents = Array.from({ length: 25 }, (_, at) => `{ a${at} }`);
    await test.usage.record(documents.map((document) => usage(document)));
    const read: string[] = [];
    for (let page = await test.usage.operations({ days: 1, first: 10, after: null }); page.length;) {
      read.push(...page.map(({ signature }) => signature));
      page = await test.usage.operations({ days: 1, first: 10, after: read.at(-1)! });
    }
    expect(read).toEqual(documents.map(signatureOf).sort());
  });

  it('names the 100 clients that sent an operation most, and counts the others', async () => {
    const clients = Array.from({ length: 120 }, (_, at) => ({ name: `c${at}`, version: null }));
    await test.usage.record(
      clients.map((client, at) =>
        usage('{ a }', { client, plan: 'pro', count: at + 1, hour: now - (at % 2) * HOUR_MS }),
      ),
    );
    const [operation] = await everything();
    expect(operation!.count).toBe((120 * 121) / 2);
    expect(operation!.clients).toHaveLength(100);
    expect([operation!.clients[0], operation!.clients[99]]).toMatchObject([
      { name: 'c119', count: 120 },
      { name: 'c20', count: 21 },
    ]);
  });

  it('tells 100 clients of an operation and an hour apart, the known and the most frequent, and counts the others', async () => {
    const sent = (at: number, more: Partial<OperationUsage> = {}) =>
      usage('{ a }', { client: { name: `c${at}`, version: '1' }, ...more });
    await test.usage.record(Array.from({ length: 60 }, (_, at) => sent(at, { plan: 'free' })));
    await test.usage.record([
      ...Array.from({ length: 60 }, (_, at) => sent(at + 30, { count: at + 2, plan: 'pro' })),
      ...Array.from({ length: 50 }, (_, at) => sent(at + 100, { count: 2, errors: 1, plan: 'pro' })),
      sent(500, { hour: now - HOUR_MS }),
      usage('{ a }'),
    ]);
    const rows = (await hours()).filter(({ hour }) => (hour as Date).getTime() === now);
    const names = new Set(rows.map((row) => row['client_name']).filter(Boolean));
    expect(names.size).toBe(100);
    expect(Array.from({ length: 90 }, (_, at) => names.has(`c${at}`))).not.toContain(false);
    expect(
      rows.filter((row) => row['client_name'] === '').map((row) => [row['plan'], row['count'], row['errors']]),
    ).toEqual([
      ['', 1, 0],
      ['pro', 80, 40],
    ]);
    expect((await hours()).some((row) => row['client_name'] === 'c500')).toBe(true);
  });

  it('tells 10 clients of no tenant apart, who take the names of no tenant’s', async () => {
    const sent = (at: number, plan: string | null) =>
      usage('{ a }', { client: { name: `c${at}`, version: null }, count: at + 1, plan });
    const made = Array.from({ length: 150 }, (_, at) => sent(at, null));
    await test.usage.record(made.slice(0, 100));
    await test.usage.record([...made.slice(100), ...Array.from({ length: 100 }, (_, at) => sent(at + 45, 'pro'))]);
    const counted = (await hours()).map((row) => [row['plan'], row['client_name'], row['count']]);
    const ofNoTenant = Array.from({ length: 10 }, (_, at) => ['', `c${at + 90}`, at + 91]);
    expect(counted.filter(([plan]) => plan === '').sort()).toEqual(
      [['', '', (150 * 151) / 2 - 955], ...ofNoTenant].sort(),
    );
    expect(counted.filter(([plan, name]) => plan === 'pro' && name !== '')).toHaveLength(100);
  });

  it('by a gateway whose clock is ahead is counted now', async () => {
    await test.usage.record([usage('{ a }', { hour: now + 400 * DAY_MS }), usage('{ a }', { hour: now })]);
    const [row] = await hours();
    expect(row).toMatchObject({ count: 2 });
    expect((row!['hour'] as Date).getTime() % HOUR_MS).toBe(0);
  });

  it('of a batch is kept whole or not at all', async () => {
    await test.rows('alter table operations.operation_hours rename to elsewhere');
    try {
      await expect(test.usage.record([usage('{ a }')])).rejects.toThrow('operation_hours');
    } finally {
      await test.rows('alter table operations.elsewhere rename to operation_hours');
    }
    expect(await test.rows('select from operations.operations')).toEqual([]);
    await test.usage.record([usage('{ a }')]);
    expect(await everything()).toMatchObject([{ count: 1 }]);
  });

  it('is nothing where nothing was', async () => {
    await test.usage.record([]);
    expect([await everything(), await test.usage.since()]).toEqual([[], null]);
  });
});

describe('What is nothing that can be kept', () => {
  it('takes nothing else of its batch with it, whatever it is', () =>
    fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: 1, maxLength: 5 }), async (batch) => {
        await test.rows('truncate operations.operations cascade');
        await test.usage.record([...batch, usage('{ kept }')] as OperationUsage[]);
        const kept = (await everything(90)).filter(({ document }) => document === '{ kept }');
        expect(kept).toMatchObject([{ count: 1 }]);
      }),
      { numRuns: 60 },
    ));

  it('is left out, and that is logged; names are cleaned', async () => {
    await test.usage.record([
      usage('{ nul }', { document: '{ \0 }' }),
      usage('{ half }', { document: '{ \ud800 }' }),
      usage('{ a }', { signature: 'x' }),
      usage('{ a }', { count: -1 }),
      usage('{ long }', { document: 'x'.repeat(8_193) }),
      usage('{ a }', {
        operationName: 'no name',
        inputs: ['In.a', 'x; drop table', 'In.\0'],
        client: { name: '##[we\0b::\u202e\ud800]', version: 'v'.repeat(150) },
      }),
    ]);
    expect(await everything()).toMatchObject([
      {
        document: '{ a }',
        operationName: null,
        inputs: ['In.a'],
        clients: [{ name: 'web', version: 'v'.repeat(100), plan: null, count: 1 }],
      },
    ]);
    expect(test.warned).toEqual([
      { fields: { refused: 5 }, message: 'Of what a gateway counted, some is nothing that can be kept.' },
    ]);
  });
});

describe('100,000 operations', () => {
  it('are recorded and no more, which is logged; those that are known go on being counted', async () => {
    await test.rows(
      `insert into operations.operations (signature, document, first_seen_at, last_seen_at, sent_for_tenants)
       select lpad(to_hex(n), 64, '0'), '{ filled }', now(), now(), true from generate_series(1, 99998) n`,
    );
    const ofTenant = (document: string) => usage(document, { plan: 'free' });
    await test.usage.record([ofTenant('{ a }')]);
    await test.usage.record(['{ a }', '{ b }', '{ c }', '{ d }'].map(ofTenant));
    expect(await test.rows('select count(*)::int as count from operations.operations')).toEqual([{ count: 100_000 }]);
    expect((await hours()).reduce((sum, row) => sum + Number(row['count']), 0)).toBe(3);
    expect(test.warned).toMatchObject([
      { fields: { leftOut: 2 }, message: expect.stringMatching(/^100000 operations/) },
    ]);
  });
});

describe('Operations that a gateway had no room for', () => {
  it('are told as left out, with what it counted or alone', async () => {
    await test.usage.record([usage('{ a }')], false);
    expect(await test.usage.leftOut()).toBeNull();
    for (const batch of [[], [usage('{ a }')]]) {
      const before = (await test.usage.leftOut())?.getTime() ?? 0;
      await test.usage.record(batch, true);
      expect((await test.usage.leftOut())!.getTime()).toBeGreaterThanOrEqual(Math.max(before, 1));
    }
  });
});

describe('Operations of callers of no tenant', () => {
  const filled = (sentForTenants: boolean, from: number, to: number) =>
    test.rows(
      `insert into operations.operations (signature, document, first_seen_at, last_seen_at, sent_for_tenants)
       select lpad(to_hex(n), 64, '0'), '{ filled }', now() - interval '80 days', now() - interval '50 days' - n * interval '1 second', $1
       from generate_series($2::int, $3::int) n`,
      [sentForTenants, from, to],
    );
  const documents = async (which = "document <> '{ filled }'") =>
    (await test.rows<{ document: string }>(`select document from operations.operations where ${which} order by 1`)).map(
      ({ document }) => document,
    );
  const counted = async () =>
    test.rows(
      `select count(*) filter (where sent_for_tenants)::int as "ofTenants", count(*)::int as all from operations.operations`,
    );
  const ageInDays = async () =>
    ((await test.store.now()).getTime() - ((await test.usage.leftOut()) as Date).getTime()) / DAY_MS;

  it('are 2,000 at most: the one seen least recently gives way, and how long it was seen is told', async () => {
    await filled(false, 1, 1_999);
    await filled(true, 2_000, 2_100);
    await test.usage.record([usage('{ a }')]);
    expect([await test.usage.leftOut(), test.warned]).toEqual([null, []]);
    await test.usage.record([usage('{ b }'), usage('{ c }'), usage('{ d }', { plan: 'free' })]);
    expect(await documents()).toEqual(['{ a }', '{ b }', '{ c }', '{ d }']);
    expect(await counted()).toEqual([{ ofTenants: 102, all: 2_102 }]);
    expect(await test.rows("select from operations.operations where signature = lpad(to_hex(1998), 64, '0')")).toEqual(
      [],
    );
    expect(await ageInDays()).toBeCloseTo(50 + 1_998 / 86_400, 2);
    expect(test.warned).toMatchObject([{ fields: { leftOut: 2 } }]);
  });

  it('make room for those of tenants where all is full, and take none from them', async () => {
    await filled(true, 1, 99_999);
    await test.usage.record([usage('{ a }')]);
    await test.usage.record([usage('{ b }')]);
    expect(await documents()).toHaveLength(1);
    expect(await counted()).toEqual([{ ofTenants: 99_999, all: 100_000 }]);
    await test.usage.record([usage('{ c }', { plan: 'free' })]);
    expect(await documents()).toEqual(['{ c }']);
    await test.usage.record([usage('{ d }')]);
    expect(await documents()).toEqual(['{ c }']);
    expect(await counted()).toEqual([{ ofTenants: 100_000, all: 100_000 }]);
    expect(await ageInDays()).toBeLessThan(1);
  });

  it('are of tenants as soon as a tenant sends them, and stay it', async () => {
    await test.usage.record([usage('{ a }'), usage('{ b }'), usage('{ b }', { plan: 'free' })]);
    expect(await documents('sent_for_tenants')).toEqual(['{ b }']);
    await test.usage.record([usage('{ a }', { plan: 'free' })]);
    await test.usage.record([usage('{ a }'), usage('{ b }')]);
    expect(await documents('sent_for_tenants')).toEqual(['{ a }', '{ b }']);
  });
});

describe('Retention', () => {
  it('removes hours after 90 days, and operations that nobody sent for as long', async () => {
    const daysAgo = (days: number) => now - days * DAY_MS;
    await test.usage.record([
      usage('{ seen }', { hour: daysAgo(91), count: 5 }),
      usage('{ seen }', { hour: daysAgo(89) }),
      usage('{ gone }', { hour: daysAgo(89), inputs: ['In.a'] }),
    ]);
    await test.rows(
      `update operations.operations set last_seen_at = now() - interval '91 days' where document = '{ gone }'`,
    );
    expect(await test.run('operations.retention')).toMatchObject({
      state: 'succeeded',
      log: [expect.stringContaining('"operationHours":1,"operations":1')],
    });
    expect(await hours()).toMatchObject([{ document: '{ seen }', count: 1 }]);
    expect(await test.rows('select from operations.operation_inputs')).toEqual([]);
  });
});

describe('Gateways that record while what is old is removed', () => {
  it('do not wait for each other in a circle, and lose nothing of what they record', async () => {
    const documents = Array.from({ length: 40 }, (_, at) => `{ a${at} }`);
    const old = { hour: now - 91 * DAY_MS };
    for (let round = 0; round < 8; round++) {
      await test.rows('truncate operations.operations cascade');
      await test.usage.record(documents.map((document) => usage(document, old)));
      await test.rows(`update operations.operations set last_seen_at = now() - interval '91 days'`);
      await Promise.all([
        test.usage.record(documents.map((document) => usage(document))),
        other.record(documents.toReversed().map((document) => usage(document))),
        test.usage.removeUnseen(25),
        other.removeUnseen(25),
        test.usage.removeOldHours(25),
        other.removeOldHours(25),
      ]);
      expect((await everything()).map(({ count }) => count)).toEqual(documents.map(() => 2));
    }
  });
});

describe('recordedOperations', () => {
  const QUERY = `query ($days: Int, $first: Int, $after: String) {
    recordedOperations(days: $days, first: $first, after: $after) {
      since
      leftOut
      nodes { id operationName document inputs count lastSeen clients { name version plan count } }
      edges { cursor node { id } }
      pageInfo { hasNextPage hasPreviousPage endCursor }
    }
  }`;
  interface Page {
    nodes: { id: string }[];
    pageInfo: { hasNextPage: boolean; endCursor: string };
  }
  const root: Caller = { kind: 'platformAdmin', userId: 'root' as UserId };
  const page = async (variables: Record<string, unknown> = {}, caller: Caller = root) => {
    const { data, errors } = await test.ask(QUERY, caller, variables);
    const { recordedOperations } = (data ?? {}) as { recordedOperations?: Page | null };
    return { page: recordedOperations, errors };
  };

  it('tells platform administrators what was recorded', async () => {
    await test.usage.record([
      usage('{ a }', {
        operationName: 'A',
        inputs: ['In.a'],
        client: { name: 'web', version: '1' },
        plan: 'pro',
        count: 2,
      }),
    ]);
    const id = signatureOf('{ a }');
    expect(await page()).toEqual({
      errors: undefined,
      page: {
        since: expect.stringMatching(/^\d{4}-/),
        leftOut: null,
        nodes: [
          {
            id,
            operationName: 'A',
            document: '{ a }',
            inputs: ['In.a'],
            count: 2,
            lastSeen: expect.stringMatching(/^\d{4}-/),
            clients: [{ name: 'web', version: '1', plan: 'pro', count: 2 }],
          },
        ],
        edges: [{ cursor: expect.any(String), node: { id } }],
        pageInfo: { hasNextPage: false, hasPreviousPage: false, endCursor: expect.any(String) },
      },
    });
  });

  it('is null before anything was recorded, as to since', async () => {
    expect(await page()).toMatchObject({ page: { since: null, nodes: [] }, errors: undefined });
  });

  it('goes through all of them, page by page', async () => {
    const documents = Array.from({ length: 7 }, (_, at) => `{ a${at} }`);
    await test.usage.record(documents.map((document) => usage(document)));
    const read: string[] = [];
    let after: string | null = null;
    for (let hasNext = true; hasNext;) {
      const { page: next } = await page({ first: 3, after });
      read.push(...next!.nodes.map(({ id }) => id));
      ({ hasNextPage: hasNext, endCursor: after } = next!.pageInfo);
    }
    expect(read).toEqual(documents.map(signatureOf).sort());
  });

  it.each([
    ['FORBIDDEN', { kind: 'member', userId: 'ada' as UserId }],
    ['FORBIDDEN', { kind: 'service', service: 'gateway' }],
    ['UNAUTHENTICATED', { kind: 'anonymous' }],
  ] satisfies [string, Caller][])('is %s to others: %j', async (code, caller) => {
    await test.usage.record([usage('{ a }')]);
    expect(await page({}, caller)).toMatchObject({ page: null, errors: [{ extensions: { code } }] });
  });

  it.each([
    [{ days: 0 }, 'days'],
    [{ days: 91 }, 'days'],
    [{ first: 0 }, 'first'],
    [{ first: 101 }, 'first'],
    [{ after: 'nonsense' }, 'after'],
    [{ after: Buffer.from("' or 1=1 --").toString('base64url') }, 'after'],
  ])('refuses %j', async (variables, field) => {
    expect(await page(variables)).toMatchObject({
      page: null,
      errors: [{ extensions: { code: 'BAD_USER_INPUT', field } }],
    });
  });
});

const anyUsage = fc
  .record({
    document: fc.constantFrom('{ a }', '{ b }', '{ c }', '{ d }'),
    client: fc.constantFrom(
      { name: null, version: null },
      { name: 'web', version: '1' },
      { name: 'web', version: null },
    ),
    plan: fc.constantFrom(null, 'free'),
    ago: fc.nat({ max: 2 }),
    count: fc.integer({ min: 1, max: 9 }),
    errors: fc.nat({ max: 3 }),
    totalMs: fc.nat({ max: 1_000 }),
    inputs: fc.subarray(['In.a', 'In.b']),
  })
  .map((given) => ({ ...given, signature: signatureOf(given.document), operationName: null }));

/** The model: one row for each key, sums in it. */
function added(usages: readonly OperationUsage[]) {
  const rows = new Map<string, ReturnType<typeof rowOf>>();
  for (const one of usages) {
    const row = rowOf(one);
    const key = JSON.stringify([row.document, row.hour, row.client_name, row.client_version, row.plan]);
    const known = rows.get(key);
    if (!known) rows.set(key, row);
    else {
      known.count += row.count;
      known.errors += row.errors;
      known.total_ms += row.total_ms;
    }
  }
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
const rowOf = ({ document, hour, client, plan, count, errors, totalMs }: OperationUsage) => ({
  document,
  hour: new Date(hour),
  client_name: client.name ?? '',
  client_version: client.version ?? '',
  plan: plan ?? '',
  count,
  errors,
  total_ms: totalMs,
});

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\0',
    '\ud800',
    'a\udfffb',
    '{ a }',
    "'; drop table operations; --",
    signatureOf('{ kept }'),
    'x'.repeat(70_000),
  ),
);
const number = fc.oneof(
  fc.constantFrom(NaN, Infinity, -Infinity, -1, 0.5, 1e12, 2 ** 53, 2 ** 64, 1e308, 1e300, 253_402_297_200_000),
  fc.integer(),
);
const hostile = fc.record({
  signature: fc.oneof(
    text.filter((one) => one !== signatureOf('{ kept }')),
    fc.constant(signatureOf('{ a }')),
  ),
  operationName: fc.option(text),
  document: text,
  inputs: fc.array(text, { maxLength: 3 }),
  client: fc.record({ name: fc.option(text), version: fc.option(text) }),
  plan: fc.option(text),
  hour: number,
  count: number,
  errors: number,
  totalMs: number,
});
