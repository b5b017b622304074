import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, type UserId } from '@inevitable/kit';
import { directoryFileStore, hostSubgraph, type FileStore } from '@inevitable/kit/host';
import { pino } from 'pino';
import platformForge from '../subgraph.js';
import { openUpkeep, type Upkeep } from '../testing/open-upkeep.js';

let upkeep: Upkeep;
let folder: string;
let store: FileStore;
beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'health-')), 'files');
  store = await directoryFileStore(folder);
  upkeep = await openUpkeep({ files: store });
});
afterAll(async () => {
  await upkeep.close();
  await store.close();
  await rm(join(folder, '..'), { recursive: true, force: true });
});
beforeEach(() => upkeep.rows('truncate platformforge.health_checks'));

interface CheckRow {
  readonly part: string;
  readonly ready: boolean;
  readonly reason: string | null;
  readonly duration_ms: number;
}
const check = () => upkeep.run('platformforge.check-health');
const history = () =>
  upkeep.rows<CheckRow>('select part, ready, reason, duration_ms from platformforge.health_checks order by part');

/** As a platform administrator, whom no tenant's test caller is. */
async function askAsAdministrator(query: string) {
  const { database, entitlements, files, events } = upkeep.product;
  const subgraph = hostSubgraph(platformForge, {
    database,
    entitlements,
    files,
    events,
    log: pino({ level: 'silent' }),
  });
  const { context } = upkeep.product.anonymous();
  const caller = { kind: 'platformAdmin' as const, userId: newId() as UserId };
  return JSON.parse(JSON.stringify(await subgraph.execute({ query }, { ...context, caller })));
}

describe('Checking the health', () => {
  it('lets each part do its work, writes down how it was, and leaves nothing behind', async () => {
    expect(await check()).toEqual({ state: 'succeeded', note: null, error: null, log: [] });
    expect(await history()).toEqual(
      ['database', 'file store', 'queue'].map((part) => ({
        part,
        ready: true,
        reason: null,
        duration_ms: expect.any(Number),
      })),
    );
    expect(await store.list('platformforge/', null)).toEqual([]);
  });

  it('sees a file store that is broken, and says why', async () => {
    await rename(folder, `${folder}-away`);
    await writeFile(folder, 'no directory');
    const run = await check();
    await rm(folder);
    await rename(`${folder}-away`, folder);
    expect(run.state).toBe('succeeded');
    const [, files] = await history();
    expect(files).toMatchObject({ part: 'file store', ready: false, reason: expect.stringMatching(/\S+ \S+/) });
    expect(run.log).toEqual([`warn: file store is not ready: ${files!.reason}`]);
    expect((await history()).map(({ ready }) => ready)).toEqual([true, false, true]);
    await check();
    expect((await history()).filter(({ ready }) => !ready)).toHaveLength(1);
  });

  it('sees jobs that wait for too long, and those that died within the hour; older dead ones are history', async () => {
    // Of a version whose workers are gone.
    const name = 'platformforge.of-another-version';
    await upkeep.rows(
      "insert into jobs.definitions (name, product, declared, declared_at) values ($1, 'platformforge', '{}', now())",
      [name],
    );
    const job = (state: 'ready' | 'dead', since: string) =>
      upkeep.rows(
        `insert into jobs.jobs (id, name, payload, correlation_id, priority, state, run_at, created_at, finished_at)
         values ($1, $2, '{}', 'test', 0, $3, jobs.stack_now() - $4::interval, jobs.stack_now(),
           case $3 when 'dead' then jobs.stack_now() - $4::interval end)`,
        [newId(), name, state, since],
      );
    await job('ready', '9 minutes');
    await job('dead', '61 minutes');
    await check();
    expect((await history())[2]).toMatchObject({ part: 'queue', ready: true });
    await upkeep.rows('truncate platformforge.health_checks');

    await job('ready', '12 minutes');
    await job('dead', '1 minute');
    await job('dead', '59 minutes');
    const run = await check();
    const reason =
      'A job has waited for 12 minutes: is a worker running, and does it keep up (stackStatus)? ' +
      '2 jobs died within the last hour: see jobs(filter: { states: [DEAD] }), and run them again with retryJob.';
    expect((await history())[2]).toMatchObject({ part: 'queue', ready: false, reason });
    expect(run.log).toEqual([`warn: queue is not ready: ${reason}`]);
    await upkeep.rows('delete from jobs.jobs where name = $1', [name]);
    await upkeep.rows('delete from jobs.definitions where name = $1', [name]);
  });

  it('removes what a check left behind that was killed', async () => {
    const key = `platformforge/no-tenant/health/${newId()}`;
    await store.put(key, Buffer.from('left'));
    await check();
    expect(await store.list('platformforge/', null)).toHaveLength(1); // it may be under way
    const longAgo = new Date(Date.now() - 2 * 3_600_000);
    await utimes(join(folder, key), longAgo, longAgo);
    await check();
    expect(await store.list('platformforge/', null)).toEqual([]);
  });

  it('forgets what is older than 30 days', async () => {
    await check();
    await upkeep.product.clock.advance({ seconds: 29 * 86_400 });
    await check();
    expect(await history()).toHaveLength(6);
    await upkeep.product.clock.advance({ seconds: 2 * 86_400 });
    await check();
    expect(await history()).toHaveLength(6);
  });
});

describe('The history of the health', () => {
  const QUERY = '{ platformForgeHealth { checkedAt part ready reason durationMs } }';

  it('is shown to platform administrators, newest first, an hour unless told', async () => {
    for (let checks = 0; checks < 13; checks += 1) await check();
    const { data } = await askAsAdministrator(QUERY);
    const checks = data.platformForgeHealth as { checkedAt: string; part: string }[];
    expect(checks).toHaveLength(36);
    expect(checks.map(({ checkedAt }) => checkedAt)).toEqual(
      checks
        .map(({ checkedAt }) => checkedAt)
        .sort()
        .reverse(),
    );
    expect(checks.slice(0, 3).map(({ part }) => part)).toEqual(['database', 'file store', 'queue']);
    expect(checks[0]).toEqual({
      checkedAt: expect.any(String),
      part: 'database',
      ready: true,
      reason: null,
      durationMs: expect.any(Number),
    });
    expect(
      (await askAsAdministrator('{ platformForgeHealth(last: 2) { part } }')).data.platformForgeHealth,
    ).toHaveLength(2);
  });

  it('is shown to nobody else, whatever they may', async () => {
    const ada = upkeep.product.as({ tenant: 'acme' });
    expect((await ada.query(QUERY)).errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN' });
    expect((await upkeep.product.anonymous().query(QUERY)).errors?.[0]?.extensions).toEqual({
      code: 'UNAUTHENTICATED',
    });
  });

  it.each([0, -1, 1_001])('is not shown for the last %i', async (last) => {
    const { errors } = await askAsAdministrator(`{ platformForgeHealth(last: ${last}) { part } }`);
    expect(errors[0].extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'last' });
  });

  it('cannot be written by anybody who works for a tenant', async () => {
    const { db } = upkeep.tenant('acme');
    const data = { id: newId(), part: 'database', ready: false, reason: 'a lie', durationMs: 0 };
    await expect(db.healthCheck.create({ data })).rejects.toThrow(/row-level security/);
  });
});
