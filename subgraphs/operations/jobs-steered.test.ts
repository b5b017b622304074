import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@inevitable/kit/testing';
import { ACME, GLOBEX, openTestJobs, type Asker, type TestJobs } from './testing/open-test-jobs.js';
import { Holding, testJobs } from './testing/test-jobs.js';

const holding = new Holding();
const acme: Asker = { tenant: ACME, products: ['alpha'] };

let test: TestJobs;
beforeAll(async () => {
  test = await openTestJobs(testJobs(holding));
});
afterAll(async () => {
  holding.release();
  await test.close();
});

const mutation = (field: string, type: string, selection: string) => (asker: Asker, input: object) =>
  test.ask(asker, `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} } }`, { input });
const run = mutation('runJob', 'RunJobInput', 'id name state tenantId payload fansOut correlationId');
const retry = mutation('retryJob', 'RetryJobInput', 'id state attempts');
const retryDead = mutation('retryDeadJobs', 'RetryDeadJobsInput', 'retried');
const cancel = mutation('cancelJob', 'CancelJobInput', 'id state');
const pause = mutation('pauseSchedule', 'PauseScheduleInput', 'name schedule { nextDue pausedAt }');
const resume = mutation('resumeSchedule', 'ResumeScheduleInput', 'name schedule { nextDue pausedAt }');
/** Lists in a list, so many levels of them. */
function nested(levels: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < levels; level += 1) value = [value];
  return value;
}
const ranJob = (answer: Awaited<ReturnType<typeof run>>) => answer.data!['runJob'] as { id: string };
const stateOf = async (id: string) =>
  (await test.rows<{ state: string }>('select state from jobs.jobs where id = $1', [id]))[0]!.state;

describe('Running a job by hand', () => {
  it('makes one of the own tenant, which is run', async () => {
    const answer = await run(acme, { name: 'alpha.echo', payload: { text: 'by hand' } });
    expect(answer).toEqual({
      data: {
        runJob: {
          id: expect.any(String),
          name: 'alpha.echo',
          state: expect.stringMatching(/^(READY|RUNNING|SUCCEEDED)$/),
          tenantId: ACME,
          payload: { text: 'by hand' },
          fansOut: false,
          correlationId: 'test',
        },
      },
    });
    await test.reaches(ranJob(answer).id, 'succeeded');
  });

  it('makes one of any tenant, or of none, for a platform administrator', async () => {
    const ofTenant = await run('root', { name: 'alpha.echo', tenantId: GLOBEX });
    const ofNone = await run('root', { name: 'alpha.echo' });
    expect([ofTenant, ofNone]).toMatchObject([
      { data: { runJob: { tenantId: GLOBEX, payload: {} } } },
      { data: { runJob: { tenantId: null, fansOut: false } } },
    ]);
    await test.reaches(ranJob(ofTenant).id, 'succeeded');
    await test.reaches(ranJob(ofNone).id, 'succeeded');
  });

  it('makes one of each active tenant where the definition says so and no tenant is named', async () => {
    const answer = await run('root', { name: 'alpha.nightly' });
    expect(answer).toMatchObject({ data: { runJob: { tenantId: null, fansOut: true } } });
    await test.reaches(ranJob(answer).id, 'succeeded');
    const parts = await test.rows<{ tenant_id: string }>(
      "select tenant_id from jobs.jobs where name = 'alpha.nightly' and not fans_out and correlation_id = 'test' order by tenant_id",
    );
    expect(parts).toEqual([{ tenant_id: GLOBEX }, { tenant_id: ACME }]);
  });

  it.each([
    [{ name: 'alpha.echo', payload: { text: 7 } }, 'input.payload.text'],
    [{ name: 'alpha.echo', payload: 'text' }, 'input.payload'],
    [{ name: 'alpha.once' }, 'input.payload.key'],
    [{ name: 'alpha.echo', payload: { text: 'a\0b' } }, 'input.payload'],
    [{ name: 'alpha.echo', payload: { text: '\ud800' } }, 'input.payload'],
    [{ name: 'alpha.echo', tenantId: 'acme' }, 'input.tenantId'],
    [{ name: 'alpha.once', payload: { key: 'k'.repeat(501) } }, 'input.payload'],
    [{ name: 'a'.repeat(256) }, 'input.name'],
  ])('refuses %j and says which field does not fit', async (input, field) => {
    expect(await run('root', input)).toMatchObject({
      data: { runJob: null },
      errors: [{ extensions: { code: 'BAD_USER_INPUT', field } }],
    });
  });

  it('refuses a payload of more than a hundred levels, however many', async () => {
    for (const levels of [100, 5_000, 100_000])
      expect(await run(acme, { name: 'alpha.echo', payload: { more: nested(levels) } })).toMatchObject({
        data: { runJob: null },
        errors: [{ extensions: { code: 'BAD_USER_INPUT', field: 'input.payload' } }],
      });
  });

  it('takes a payload of a hundred levels', async () => {
    const payload = { text: 'deep', more: nested(99) };
    expect(await run(acme, { name: 'alpha.echo', payload })).toMatchObject({ data: { runJob: { payload } } });
  });

  it('takes a payload that only looks like one PostgreSQL cannot hold', async () => {
    const payload = { text: String.raw`a\u0000b 😀` };
    expect(await run(acme, { name: 'alpha.echo', payload })).toMatchObject({ data: { runJob: { payload } } });
  });

  it('is for platform administrators alone where the job is scheduled and of no tenant', async () => {
    expect(await run(acme, { name: 'alpha.sweep' })).toMatchObject({
      data: { runJob: null },
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
    expect(await run('root', { name: 'alpha.sweep' })).toMatchObject({ data: { runJob: { tenantId: null } } });
  });

  it('is NOT_FOUND for a definition nobody knows', async () => {
    expect(await run('root', { name: 'alpha.unknown' })).toMatchObject({
      data: { runJob: null },
      errors: [{ message: 'No such job definition.', extensions: { code: 'NOT_FOUND' } }],
    });
  });

  it('is a CONFLICT while an open job has its key', async () => {
    const first = await run(acme, { name: 'alpha.once', payload: { key: 'k' } });
    expect(await run(acme, { name: 'alpha.once', payload: { key: 'k' } })).toMatchObject({
      data: { runJob: null },
      errors: [{ extensions: { code: 'CONFLICT' } }],
    });
    await test.reaches(ranJob(first).id, 'running');
    holding.release();
    await test.reaches(ranJob(first).id, 'succeeded');
  });
});

describe('Retrying', () => {
  it('runs a dead job again from its first attempt, and keeps the runs of before', async () => {
    const id = await test.insert({ name: 'alpha.failing', tenantId: ACME });
    await test.reaches(id, 'dead');
    expect(await retry(acme, { id })).toMatchObject({ data: { retryJob: { id } } });
    await test.reaches(id, 'dead');
    const attempts = await test.rows('select attempt, outcome from jobs.attempts where job_id = $1 order by fence', [
      id,
    ]);
    expect(attempts).toEqual([1, 2, 1, 2].map((attempt) => ({ attempt, outcome: 'failed' })));
  });

  it('is a CONFLICT for a job that has succeeded or is open, and for one whose key is taken', async () => {
    const succeeded = await test.insert({ name: 'alpha.echo', tenantId: ACME });
    await test.reaches(succeeded, 'succeeded');
    const open = await test.insert({ name: 'alpha.echo', tenantId: ACME, runAt: '2999-01-01T00:00:00Z' });
    const [dropped, taking] = ['1', '2'];
    const ids: Record<string, string> = {};
    for (const which of [dropped, taking]) {
      ids[which!] = await test.insert({
        name: 'alpha.once',
        tenantId: ACME,
        payload: { key: 'again' },
        onceKey: 'again',
        runAt: '2999-01-01T00:00:00Z',
      });
      if (which === dropped) await cancel(acme, { id: ids[which!] });
    }
    for (const id of [succeeded, open, ids[dropped!]])
      expect(await retry(acme, { id })).toMatchObject({ errors: [{ extensions: { code: 'CONFLICT' } }] });
  });

  it('of all dead jobs of a definition runs each again, and says how many', async () => {
    await test.rows("delete from jobs.jobs where state = 'dead'");
    const ids = await Promise.all([1, 2, 3].map(() => test.insert({ name: 'alpha.failing', tenantId: ACME })));
    for (const id of ids) await test.reaches(id, 'dead');
    expect(await retryDead(acme, { name: 'alpha.failing' })).toEqual({ data: { retryDeadJobs: { retried: 3 } } });
    for (const id of ids) await test.reaches(id, 'dead');
    const [{ count } = { count: 0 }] = await test.rows<{ count: number }>(
      'select count(*)::int as count from jobs.attempts where job_id = any ($1)',
      [ids],
    );
    expect(count).toBe(12);
  });
});

describe('Cancelling', () => {
  it('ends a job that waits, and what waits for it', async () => {
    const id = await test.insert({ name: 'alpha.echo', tenantId: ACME, runAt: '2999-01-01T00:00:00Z' });
    const after = await test.insert({ name: 'alpha.echo', tenantId: ACME, after: [id] });
    expect(await cancel(acme, { id })).toEqual({ data: { cancelJob: { id, state: 'CANCELLED' } } });
    expect(await stateOf(after)).toBe('dead');
  });

  it('aborts a run under way, whose end is not written any more', async () => {
    const { begun, aborted } = holding;
    const id = await test.insert({ name: 'alpha.holding', tenantId: ACME });
    await until('it began', () => holding.begun > begun);
    expect(await cancel(acme, { id })).toEqual({ data: { cancelJob: { id, state: 'CANCELLED' } } });
    await until('its signal aborted', () => holding.aborted > aborted);
    const next = await test.insert({ name: 'alpha.echo', tenantId: ACME });
    await test.reaches(next, 'succeeded');
    expect(await stateOf(id)).toBe('cancelled');
    expect([holding.begun, holding.aborted]).toEqual([begun + 1, aborted + 1]);
    expect(await test.rows('select outcome from jobs.attempts where job_id = $1', [id])).toEqual([
      { outcome: 'cancelled' },
    ]);
  });

  it('is a CONFLICT for what has ended', async () => {
    const id = await test.insert({ name: 'alpha.echo', tenantId: ACME });
    await test.reaches(id, 'succeeded');
    expect(await cancel(acme, { id })).toMatchObject({
      data: { cancelJob: null },
      errors: [{ extensions: { code: 'CONFLICT' } }],
    });
  });
});

describe('A schedule', () => {
  const nightly = "select next_due, missed::int from jobs.schedules where name = 'alpha.nightly'";
  const fired = async () => (await test.rows("select from jobs.firings where schedule = 'alpha.nightly'")).length;
  const hasNextDue = () =>
    until('it is planned', async () => (await test.rows<{ next_due: Date | null }>(nightly))[0]!.next_due !== null);

  it('that is paused does not run, and goes on with the next due time without making up for what it left out', async () => {
    await hasNextDue();
    expect(await pause('root', { name: 'alpha.nightly' })).toEqual({
      data: {
        pauseSchedule: { name: 'alpha.nightly', schedule: { nextDue: null, pausedAt: expect.any(String) } },
      },
    });
    const before = await fired();
    await test.advance('3 days');
    // A worker has looked since: nothing else makes ready what comes due.
    const runAt = new Date(Date.now() + 3 * 86_400_000 + 500).toISOString();
    await test.reaches(await test.insert({ name: 'alpha.echo', tenantId: ACME, runAt }), 'succeeded');
    expect(await fired()).toBe(before);

    expect(await resume('root', { name: 'alpha.nightly' })).toMatchObject({
      data: { resumeSchedule: { schedule: { pausedAt: null } } },
    });
    await hasNextDue();
    expect(await fired()).toBe(before);
    expect(await test.rows(nightly)).toEqual([{ next_due: expect.any(Date), missed: 0 }]);
  });

  it('that does not exist is NOT_FOUND', async () => {
    for (const steer of [pause, resume])
      expect(await steer('root', { name: 'alpha.echo' })).toMatchObject({
        errors: [{ extensions: { code: 'NOT_FOUND' } }],
      });
  });
});
