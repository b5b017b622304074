import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@inevitable/kit';
import fc from 'fast-check';
import { measureUsage } from '../domain/upkeep/measure-usage.js';
import { openUpkeep, type Upkeep, type UpkeepTenant } from '../testing/open-upkeep.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let upkeep: Upkeep;
/** The beginning of the hour that runs, in the database's time; it is five past. */
let hour: number;
beforeAll(async () => {
  upkeep = await openUpkeep();
  await past('5 minutes');
});
afterAll(() => upkeep.close());

/** So long after an hour began. One may end while these tests run: from here on none does. */
async function past(interval: string): Promise<void> {
  await upkeep.rows(
    `update platformforge.clock
     set ahead = date_trunc('hour', now(), 'UTC') + interval '1 hour' + $1::interval - now()`,
    [interval],
  );
  const [{ now }] = (await upkeep.rows<{ now: Date }>('select platformforge.stack_now() as now')) as [{ now: Date }];
  hour = Math.floor(now.getTime() / HOUR_MS) * HOUR_MS;
}

let tenants = 0;
const newTenant = () => {
  const name = `tenant ${++tenants}`;
  return { name, ...upkeep.tenant(name) };
};
/** So many minutes before the hour that runs. */
const before = (minutes: number): Date => new Date(hour - minutes * MINUTE_MS);

interface Made {
  readonly asked: Date;
  readonly ended: Date | null;
  readonly state: 'SUCCEEDED' | 'FAILED' | 'CANCELLED' | 'QUEUED';
  readonly bytes: number;
}

/** A platform with its generations, as their jobs leave them; the last that succeeded is kept where `isKept`. */
async function platform({ db }: UpkeepTenant, generations: readonly Made[], isKept = true): Promise<string> {
  const id = newId();
  const rows = generations.map(({ asked, ended, state, bytes }) => ({
    id: newId(),
    platformId: id,
    template: 'any',
    state,
    reservationId: newId(),
    requestedBy: newId(),
    queuedAt: asked,
    endedAt: ended,
    artifactBytes: state === 'SUCCEEDED' ? bytes : null,
  }));
  await db.generation.createMany({ data: rows });
  const kept = isKept ? rows.findLast(({ state }) => state === 'SUCCEEDED') : undefined;
  await db.platform.create({
    data: {
      id,
      name: id,
      slug: id,
      template: 'any',
      parameters: {},
      status: kept ? 'READY' : 'EXPIRED',
      generationId: rows.at(-1)!.id,
      createdBy: newId(),
      createdAt: generations[0]!.asked,
      ...(kept && {
        artifactId: kept.id,
        artifactBytes: kept.artifactBytes,
        artifactSha256: '0'.repeat(64),
        artifactDeployment: 'internal',
        expiresAt: new Date(hour + HOUR_MS),
      }),
    },
  });
  return id;
}

const succeeded = (askedMinutesBefore: number, tookMs: number, bytes: number): Made => {
  const asked = before(askedMinutesBefore);
  return { asked, ended: new Date(asked.getTime() + tookMs), state: 'SUCCEEDED', bytes };
};

const template = ({ db }: UpkeepTenant, createdAt: Date, sizeBytes: number) =>
  db.template.create({
    data: {
      id: newId(),
      name: newId(),
      manifest: {},
      sha256: '0'.repeat(64),
      sizeBytes,
      fileCount: 1,
      createdBy: newId(),
      createdAt,
      updatedAt: createdAt,
    },
  });

const measured = async ({ db }: UpkeepTenant) =>
  (await db.usageHour.findMany({ orderBy: { hour: 'asc' }, omit: { tenantId: true } })).map((row) => ({
    ...row,
    durationMs: Number(row.durationMs),
    storedBytes: Number(row.storedBytes),
  }));
const run = (name: string) => upkeep.run('platformforge.measure-usage', name);

describe('Measuring usage', () => {
  it('writes down what was generated within the hour, and what was kept at the end of it', async () => {
    const tenant = newTenant();
    await platform(tenant, [succeeded(50, 1_500, 1_000)]);
    await platform(tenant, [succeeded(40, 2_500, 700), { ...succeeded(20, 10, 0), state: 'FAILED' }]);
    await template(tenant, before(30), 64);
    await template(tenant, before(-1), 999);
    await platform(tenant, [succeeded(-1, 100, 5_000)]);
    expect(await run(tenant.name)).toEqual({ state: 'succeeded', note: '1 hour measured', error: null, log: [] });
    expect(await measured(tenant)).toEqual([
      { hour: before(60), generated: 2, failed: 1, durationMs: 4_000, storedBytes: 1_764, platforms: 2 },
    ]);
  });

  it('counts the artifact a platform had at the end of the hour, also when another one took its place since', async () => {
    const tenant = newTenant();
    await platform(tenant, [succeeded(90, 1_000, 10), succeeded(1, 2 * MINUTE_MS, 2_000)]);
    await run(tenant.name);
    expect(await measured(tenant)).toEqual([
      { hour: before(120), generated: 1, failed: 0, durationMs: 1_000, storedBytes: 10, platforms: 1 },
      { hour: before(60), generated: 0, failed: 0, durationMs: 0, storedBytes: 10, platforms: 1 },
    ]);
  });

  it('equals a count by hand, whatever happened when, for at most 48 hours', async () => {
    const minutesAgo = fc.integer({ min: -4, max: 60 * 60 });
    const made = fc.record({
      minutesAgo,
      tookMs: fc.integer({ min: 0, max: 3 * HOUR_MS }),
      state: fc.constantFrom('SUCCEEDED', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'QUEUED') as fc.Arbitrary<Made['state']>,
      bytes: fc.integer({ min: 1, max: 2_147_483_647 }),
    });
    const platforms = fc.array(
      fc.record({ isKept: fc.boolean(), generations: fc.array(made, { minLength: 1, maxLength: 4 }) }),
      { minLength: 1, maxLength: 5 },
    );
    const templates = fc.array(fc.record({ minutesAgo, bytes: fc.integer({ min: 1, max: 1_048_576 }) }), {
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(platforms, templates, async (platforms, templates) => {
        const tenant = newTenant();
        const all = platforms.map(({ isKept, generations }) => ({
          isKept,
          generations: generations
            .toSorted((a, b) => b.minutesAgo - a.minutesAgo)
            .map(({ minutesAgo, tookMs, state, bytes }): Made => {
              const asked = before(minutesAgo);
              return { asked, ended: state === 'QUEUED' ? null : new Date(asked.getTime() + tookMs), state, bytes };
            }),
        }));
        const firstAsked = all.flatMap(({ generations }) => generations).toSorted((a, b) => +a.asked - +b.asked);
        for (const one of all.toSorted((a, b) => +a.generations[0]!.asked - +b.generations[0]!.asked))
          await platform(tenant, one.generations, one.isKept);
        for (const { minutesAgo, bytes } of templates) await template(tenant, before(minutesAgo), bytes);

        const began = Math.min(+firstAsked[0]!.asked, ...templates.map(({ minutesAgo }) => +before(minutesAgo)));
        const first = Math.max(Math.floor(began / HOUR_MS) * HOUR_MS, hour - 48 * HOUR_MS);
        const expected = [];
        for (let from = first; from < hour; from += HOUR_MS) {
          const until = from + HOUR_MS;
          const within = ({ ended }: Made) => ended !== null && +ended >= from && +ended < until;
          const ended = all.flatMap(({ generations }) => generations.filter(within));
          const done = ended.filter(({ state }) => state === 'SUCCEEDED');
          const there = all.filter(({ generations }) => +generations[0]!.asked < until);
          const kept = there.map(({ isKept, generations }) =>
            isKept
              ? (generations.findLast(({ state, ended }) => state === 'SUCCEEDED' && +ended! < until)?.bytes ?? 0)
              : 0,
          );
          const archives = templates.filter(({ minutesAgo }) => +before(minutesAgo) < until).map(({ bytes }) => bytes);
          expected.push({
            hour: new Date(from),
            generated: done.length,
            failed: ended.filter(({ state }) => state === 'FAILED').length,
            durationMs: done.reduce((sum, { asked, ended }) => sum + (+ended! - +asked), 0),
            storedBytes: [...kept, ...archives].reduce((sum, bytes) => sum + bytes, 0),
            platforms: there.length,
          });
        }
        expect(await measureUsage(tenant.db)).toBe(expected.length);
        expect(await measured(tenant)).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });

  it('writes each hour once, also when it is run again, or twice at once', async () => {
    const tenant = newTenant();
    const other = newTenant();
    await platform(tenant, [succeeded(200, 1_000, 10)]);
    await platform(other, [succeeded(200, 1_000, 10)]);
    const written = await Promise.all([measureUsage(tenant.db), measureUsage(tenant.db), measureUsage(tenant.db)]);
    expect(written.reduce((sum, count) => sum + count)).toBe(4);
    const first = await measured(tenant);
    expect(first).toHaveLength(4);
    await platform(tenant, [succeeded(30, 1_000, 99)]); // what comes to light later changes nothing
    expect(await run(tenant.name)).toMatchObject({ state: 'succeeded', note: 'no hour is over that was not measured' });
    expect(await measured(tenant)).toEqual(first);
    expect(await measured(other)).toEqual([]);
  });

  it('goes on where it was, and leaves out what lies more than 48 hours back', async () => {
    const tenant = newTenant();
    await platform(tenant, [succeeded(30, 1_000, 10)]);
    await run(tenant.name);
    await tenant.db.usageHour.updateMany({ data: { hour: before(100 * 60) } });
    expect(await run(tenant.name)).toMatchObject({ note: '48 hours measured' });
    expect((await measured(tenant)).map(({ hour }) => hour).slice(0, 3)).toEqual([
      before(100 * 60),
      before(48 * 60),
      before(47 * 60),
    ]);
  });

  it('waits a minute, for what was begun within the hour and is committed after it', async () => {
    const tenant = newTenant();
    await platform(tenant, [succeeded(50, 1_500, 1_000)]);
    await past('30 seconds');
    const early = await run(tenant.name);
    await past('5 minutes');
    expect(early).toMatchObject({ note: 'no hour is over that was not measured' });
    expect(await run(tenant.name)).toMatchObject({ note: '1 hour measured' });
  });

  it('has nothing to measure of a tenant that never asked for anything', async () => {
    const tenant = newTenant();
    expect(await run(tenant.name)).toMatchObject({ note: 'no hour is over that was not measured' });
    expect(await measured(tenant)).toEqual([]);
  });
});

describe('The usage of a tenant', () => {
  const USAGE = `query ($id: ID!, $hours: Int) { _entities(representations: [{ __typename: "Tenant", id: $id }]) {
    ... on Tenant { platformUsage(hours: $hours) { hour generated failed durationMs storedBytes platforms } } } }`;
  const ask = async (caller: string, id: string, hours?: number, may?: readonly string[]) => {
    const answer = await upkeep.product.as({ tenant: caller, ...(may && { may }) }).query(USAGE, { id, hours });
    return {
      ...answer,
      usage: (answer.data?.['_entities'] as [{ platformUsage: unknown }] | undefined)?.[0].platformUsage,
    };
  };
  const hourOf = (hoursBefore: number, storedBytes: bigint) => ({
    hour: before(hoursBefore * 60),
    generated: 1,
    failed: 2,
    durationMs: 3n,
    storedBytes,
    platforms: 4,
  });

  it('is shown hour by hour, newest first, a day unless told, with more bytes than 32 bits hold', async () => {
    const { name, id, db } = newTenant();
    await db.usageHour.createMany({ data: [hourOf(1, 5_000_000_000n), hourOf(24, 2n), hourOf(25, 3n)] });
    const rest = { generated: 1, failed: 2, durationMs: 3, platforms: 4 };
    const newest = { hour: before(60).toISOString(), storedBytes: 5_000_000_000, ...rest };
    expect(JSON.parse(JSON.stringify((await ask(name, id)).usage))).toEqual([
      newest,
      { hour: before(24 * 60).toISOString(), storedBytes: 2, ...rest },
    ]);
    expect(JSON.parse(JSON.stringify((await ask(name, id, 1)).usage))).toEqual([newest]);
    expect((await ask(name, id, 2_160)).usage).toHaveLength(3);
  });

  it('is nobody else’s: another tenant object shows nothing', async () => {
    const { name, db } = newTenant();
    await db.usageHour.createMany({ data: [hourOf(1, 1n)] });
    const stranger = newTenant();
    expect(await ask(name, stranger.id)).toMatchObject({ usage: null });
    expect(await ask(stranger.name, upkeep.tenant(name).id)).toMatchObject({ usage: null });
  });

  it('needs the permission to read platforms, and 1 to 2,160 hours', async () => {
    const { name, id } = newTenant();
    const { errors } = await ask(name, id, 1, ['platformforge:settings:read']);
    expect(errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN' });
    for (const hours of [0, -1, 2_161]) {
      const { errors } = await ask(name, id, hours);
      expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'hours' });
    }
  });
});
