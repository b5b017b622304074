import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { describeKills } from '../support/job-kills.js';
import { JobFaults } from '../support/job-faults.js';
import { jobRecord, jobRecords } from '../support/job-records.js';
import { until } from '../support/test-stack.js';

let faults: JobFaults;
beforeAll(async () => {
  faults = await JobFaults.open();
});
afterEach(() => faults.clear());
afterAll(() => faults.close());

// One of the three at each statement; the soak has all three.
describeKills({ sides: (number) => [(['before', 'sent', 'after'] as const)[number % 3]!] });

describe('A worker that is frozen past its lease', () => {
  it('may write nothing when it goes on: its signal aborts, and the effect is that of the one who took over', async () => {
    const frozen = await faults.process();
    const job = jobRecord({ name: 'faults.effect', payload: { ms: 60_000, once: true, stubborn: true } });
    await faults.insert([job]);
    await until('it runs', async () => (await faults.steps('began')).length === 1);
    frozen.signal('SIGSTOP');
    await faults.database.advance({ seconds: 16 });
    await faults.worker();
    await faults.untilEnded();
    frozen.signal('SIGCONT');
    await until('it has tried', async () => (await faults.steps('refused')).length === 1);
    const [{ pid }] = (await faults.database.sql('select pid from ledger.effects')) as [{ pid: number }];
    expect(pid).toBe(process.pid);
    expect((await faults.steps()).map(({ attempt, pid: by, step }) => [attempt, by === frozen.pid, step])).toEqual([
      [1, true, 'began'],
      [2, false, 'began'],
      [2, false, 'wrote'],
      [1, true, 'aborted'],
      [1, true, 'refused'],
    ]);
    expect(await faults.database.sql('select outcome from jobs.attempts order by fence')).toEqual([
      { outcome: 'lost' },
      { outcome: 'succeeded' },
    ]);
    expect(await faults.database.sql('select state, attempts from jobs.jobs')).toEqual([
      { state: 'succeeded', attempts: 2 },
    ]);
    // And it works on.
    await faults.insert(jobRecords(20, { name: 'faults.effect', payload: { ms: 50 } }));
    await faults.untilEnded();
    expect(frozen.hasEnded()).toBe(false);
  });
});

describe('A worker that is told to stop', () => {
  it('ends with exit code 0: short runs end, long ones are run elsewhere at once and do not count as failures', async () => {
    const stopping = await faults.process({ graceMs: 1_500 });
    const short = jobRecords(2, { name: 'faults.effect', payload: { ms: 500 } });
    const long = jobRecords(2, { name: 'faults.effect', payload: { ms: 60_000, once: true } });
    const waiting = jobRecords(10, { name: 'faults.effect', payload: {} });
    await faults.insert([...long, ...short]);
    await until('they run', async () => (await faults.steps('began')).length === 4);
    await faults.insert(waiting);
    stopping.signal('SIGTERM');
    expect(await stopping.ended).toBe(0);
    expect(stopping.output()).toMatch(/"stopped"/);
    const runs = await faults.steps();
    expect(
      runs
        .filter(({ step }) => step === 'wrote')
        .map(({ job }) => job)
        .toSorted(),
    ).toEqual(short.map(({ id }) => id));
    expect(
      runs
        .filter(({ step }) => step === 'aborted')
        .map(({ job }) => job)
        .toSorted(),
    ).toEqual(long.map(({ id }) => id));
    expect(await faults.states()).toEqual({ succeeded: 2, ready: 12 });
    expect(
      await faults.database.sql('select outcome, count(*)::int from jobs.attempts group by outcome order by outcome'),
    ).toEqual([
      { outcome: 'interrupted', count: 2 },
      { outcome: 'succeeded', count: 2 },
    ]);

    await faults.worker();
    await faults.untilEnded(10_000);
    expect(await faults.account()).toEqual({ notSucceeded: 0, withoutEffect: 0, effects: 14 });
    expect(await faults.database.sql('select max(attempts)::int as most from jobs.jobs')).toEqual([{ most: 1 }]);
  });
});

describe('Workers whose own clocks are wrong', () => {
  it('by ten minutes either way run nothing early, steal nothing, and are on time', async () => {
    const skewed = await Promise.all(
      [-600_000, 600_000].map((skewMs) => faults.process({ skewMs, withSchedule: true })),
    );
    await until('both are there', async () => (await faults.database.sql('select from jobs.workers')).length === 2);
    const [{ now }] = (await faults.database.sql('select jobs.stack_now() as now')) as [{ now: Date }];
    const long = jobRecords(4, { name: 'faults.effect', payload: { ms: 7_000 } });
    const later = Array.from({ length: 12 }, (_, index) =>
      jobRecord({ name: 'faults.effect', runAt: new Date(now.getTime() + 500 + index * 250).toISOString() }),
    );
    const failing = jobRecords(4, { name: 'faults.second-try' });
    await faults.insert([...long, ...later, ...failing]);
    const ended = async () =>
      (await faults.database.sql("select from jobs.jobs where schedule is null and state = 'succeeded'")).length === 20;
    await until('all have ended', ended, 30_000);
    expect(skewed.map((each) => each.hasEnded())).toEqual([false, false]);
    const began = await faults.steps('began');
    const beginnings = (id: string) => began.filter(({ job }) => job === id);
    for (const { id } of [...long, ...later]) expect(beginnings(id)).toHaveLength(1);
    for (const { id } of failing) expect(beginnings(id)).toHaveLength(2);
    for (const { id, runAt } of later) {
      const lateness = beginnings(id)[0]!.at.getTime() - new Date(runAt!).getTime();
      expect(lateness).toBeGreaterThanOrEqual(0);
      expect(lateness).toBeLessThan(10_000); // two of them may wait for the long ones' places
    }
    const firings = await faults.database.sql<{ late: number }>(
      'select extract(epoch from fired_at - due)::float8 as late from jobs.firings',
    );
    expect(firings.length).toBeGreaterThan(3);
    for (const { late } of firings) {
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThan(10);
    }
    expect(await faults.steps('refused')).toEqual([]);
  });
});

describe('Fifty workers', () => {
  it('run 1,000 jobs, each once', async () => {
    await faults.insert(jobRecords(1_000, { name: 'faults.effect' }));
    const processes = await Promise.all([0, 1].map(() => faults.spareProcess({ workers: 25 })));
    for (const each of processes) each.go();
    await faults.untilEnded(50_000);
    expect(await faults.account()).toEqual({ notSucceeded: 0, withoutEffect: 0, effects: 1_000 });
    expect(await faults.steps('began')).toHaveLength(1_000);
    for (const each of processes) each.signal('SIGTERM');
    expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0]);
  });
});
