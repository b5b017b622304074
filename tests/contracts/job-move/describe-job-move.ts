import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseTenantId } from '@inevitable/contract';
import {
  abandonMove,
  moveJobs,
  MoveRefused,
  openJobDepot,
  openJobDesk,
  openJobStore,
  type JobDepot,
  type JobStore,
  type KeptFiring,
  type MoveOptions,
  type ScheduleFiring,
} from '@inevitable/kit/host';
import fc from 'fast-check';
import { pino } from 'pino';
import type { JobDatabase } from '../../support/job-database.js';
import { jobRecord, tenant } from '../../support/job-records.js';
import { anyKeptStore, type KeptStore } from './any-kept-jobs.js';

const silent = pino({ level: 'silent' });
const YEAR_MS = 365 * 86_400_000;
const ALL = { kind: 'all' } as const;

const options = (given: Partial<MoveOptions> = {}): MoveOptions => ({
  keepMs: 40 * YEAR_MS,
  waitMs: 0,
  told: () => undefined,
  pause: () => Promise.reject(new Error('Nobody said how long to wait.')),
  ...given,
});

/** The process was killed. */
class Killed extends Error {}

export interface StoresToMoveBetween {
  readonly one: JobDatabase;
  readonly other: JobDatabase;
}

/** What holds of a move, whatever the two stores are. */
export function describeJobMove(
  name: string,
  open: () => Promise<StoresToMoveBetween>,
  { runs }: { readonly runs: number },
): void {
  describe(`Jobs that are moved ${name}`, () => {
    let databases: StoresToMoveBetween;
    let [one, other]: JobDepot[] = [];
    let [oneStore, otherStore]: JobStore[] = [];
    beforeAll(async () => {
      databases = await open();
      [one, other] = await Promise.all([openJobDepot(databases.one.url), openJobDepot(databases.other.url)]);
      [oneStore, otherStore] = await Promise.all([
        openJobStore(databases.one.url, silent),
        openJobStore(databases.other.url, silent),
      ]);
    });
    afterAll(async () => {
      await Promise.all([one!.close(), other!.close(), oneStore!.close(), otherStore!.close()]);
      await Promise.all([databases.one.close(), databases.other.close()]);
    });
    const empty = async (): Promise<void> => {
      await Promise.all([one!.setMark(null), other!.setMark(null)]);
      await Promise.all([databases.one.empty(), databases.other.empty()]);
    };
    beforeEach(empty);

    it('are the same there, and back again, with their runs, schedules and odd payloads', async () => {
      await fc.assert(
        fc.asyncProperty(anyKeptStore, async (store) => {
          await empty();
          await write(one!, store);

          const moved = await moveJobs(unsettled(one!), unsettled(other!), options());
          expect(alike(await read(other!))).toEqual(alike(store));
          expect(await read(one!)).toEqual(NOTHING);
          const back = await moveJobs(unsettled(other!), unsettled(one!), options());
          expect(alike(await read(one!))).toEqual(alike(store));
          expect(await read(other!)).toEqual(NOTHING);

          expect(back).toEqual(moved);
          expect(moved).toMatchObject({ jobs: store.jobs.length, inBoth: 0, definitions: store.definitions.length });
        }),
        { numRuns: runs },
      );
    });

    it('are all there, once, when it was killed anywhere and is run again', async () => {
      await fc.assert(
        fc.asyncProperty(
          anyKeptStore,
          fc.array(fc.record({ afterCalls: fc.nat(30), isWritten: fc.boolean() }), { minLength: 1, maxLength: 3 }),
          async (store, kills) => {
            await empty();
            await write(one!, store);

            for (const { afterCalls, isWritten } of kills) {
              let calls = 0;
              const fail = (): boolean => calls++ >= afterCalls;
              const killed = moveJobs(
                failing(unsettled(one!), fail, isWritten),
                failing(unsettled(other!), fail, isWritten),
                options(),
              );
              await killed.catch((error: unknown) => {
                if (!(error instanceof Killed)) throw error;
              });
              // Nowhere could a worker have run what the other store has, too.
              const marks = await Promise.all([one!.mark(), other!.mark()]);
              const [here, there] = await Promise.all([one!.jobsAfter(null, 100), other!.jobsAfter(null, 100)]);
              if (here.length && there.length) expect(marks).not.toEqual([null, null]);
            }
            await moveJobs(unsettled(one!), unsettled(other!), options());

            expect(alike(await read(other!))).toEqual(alike(store));
            expect(await read(one!)).toEqual(NOTHING);
            expect(await Promise.all([one!.mark(), other!.mark()])).toEqual([
              expect.objectContaining({ stage: 'left' }),
              null,
            ]);
          },
        ),
        { numRuns: runs },
      );
    });

    it('go on as if nothing had been: keys, order, retries, fences and schedules', async () => {
      const [keyed, first, second, third] = [
        jobRecord({ name: 'notes.mail', onceKey: 'a', tenantId: tenant(1), priority: 5 }),
        jobRecord({ name: 'notes.first', tenantId: tenant(1) }),
        jobRecord({ name: 'notes.dead', tenantId: tenant(2), payload: { $set: { 'a.b': 1e21 } } }),
        jobRecord({ name: 'notes.later', runAt: '2999-01-01T00:00:00.000Z' }),
      ];
      const blocked = jobRecord({ name: 'notes.after', tenantId: tenant(1), after: [first.id] });
      await oneStore!.insert([keyed, first, second, third, blocked]);
      const fire = (due: string, next: string, expected: string | null): ScheduleFiring => ({
        schedule: 'notes.nightly',
        cron: '0 2 * * *',
        timezone: 'UTC',
        expected: expected === null ? null : new Date(expected),
        next: new Date(next),
        missed: 2,
        runs: [{ due: new Date(due), job: jobRecord({ name: 'notes.nightly', schedule: 'notes.nightly' }) }],
      });
      await oneStore!.declare('w1', [
        { name: 'notes.nightly', product: 'notes', declared: { queue: 'default' }, cron: '0 2 * * *', timezone: 'UTC' },
        { name: 'notes.mail', product: 'notes', declared: { queue: 'mails' }, cron: null, timezone: null },
      ]);
      await oneStore!.fire(fire('2026-11-22T02:00:00.000Z', '2026-11-23T02:00:00.000Z', null));
      const [run] = await claim(oneStore!, 'w1', 'notes.dead');
      const log = [{ at: '2026-11-22T02:00:00.000Z', level: 'info', message: 'it began' }];
      await oneStore!.end([{ id: run!.id, fence: run!.fence, outcome: 'failed', error: 'no', waitMs: null, log }]);
      await oneStore!.leave('w1');

      expect(await moveJobs(one!, other!, options())).toMatchObject({
        jobs: 6,
        open: 5,
        definitions: 2,
        schedules: 1,
        firings: 1,
        inBoth: 0,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      });

      await otherStore!.declare('w2', []);
      const again = { ...keyed, id: jobRecord({ name: 'x.y' }).id };
      await otherStore!.insert([again]); // its key is taken
      await otherStore!.look();
      expect(await states(databases.other)).toEqual({
        'notes.after': 'blocked',
        'notes.dead': 'dead',
        'notes.first': 'ready',
        'notes.later': 'scheduled',
        'notes.mail': 'ready',
        'notes.nightly': 'ready',
      });
      const [next] = await claim(otherStore!, 'w2', 'notes.first');
      expect(next!.fence).toBeGreaterThan(run!.fence);
      await otherStore!.end([{ id: next!.id, fence: next!.fence, outcome: 'succeeded' }]);
      const [freed] = await claim(otherStore!, 'w2', 'notes.after');
      expect(freed!.id).toBe(blocked.id);
      const [mail] = await claim(otherStore!, 'w2', 'notes.mail');
      expect(mail).toMatchObject({ id: keyed.id, priority: 5, tenantId: tenant(1), attempt: 1 });
      await otherStore!.end([{ id: mail!.id, fence: mail!.fence, outcome: 'succeeded' }]);
      await otherStore!.insert([again]); // it is free
      expect((await databases.other.job(again.id)).state).toBe('ready');
      expect(await databases.other.attempts(second.id)).toEqual([
        { attempt: 1, worker: 'w1', outcome: 'failed', error: 'no', log: ['it began'] },
      ]);
      expect(await databases.other.retry(second.id)).toBe('retried');
      expect((await claim(otherStore!, 'w2', 'notes.dead'))[0]!.payload).toEqual({ $set: { 'a.b': 1e21 } });
      // What was fired is not fired again; the schedule goes on from where it was.
      expect(await otherStore!.fire(fire('2026-11-22T02:00:00.000Z', '2026-11-24T02:00:00.000Z', null))).toBe(false);
      expect(await databases.other.schedules()).toEqual([
        { name: 'notes.nightly', nextDue: new Date('2026-11-23T02:00:00.000Z'), missed: 2 },
      ]);
    });

    it('are not moved while a worker lives or a job runs, in either store', async () => {
      await oneStore!.declare('w1', []);
      const busy = new RegExp(`1 worker lives in ${one!.place} \\(w1\\)`);
      await expect(moveJobs(one!, other!, options())).rejects.toThrow(busy);
      await expect(moveJobs(other!, one!, options())).rejects.toThrow(busy);
      await oneStore!.insert([jobRecord({ name: 'notes.long' })]);
      const [run] = await claim(oneStore!, 'w1', 'notes.long');
      await oneStore!.leave('w1');
      await expect(moveJobs(one!, other!, options())).rejects.toThrow(/1 job runs in /);
      expect(await Promise.all([one!.mark(), other!.mark()])).toEqual([null, null]);

      await oneStore!.end([{ id: run!.id, fence: run!.fence, outcome: 'succeeded' }]); // nothing was closed
      expect(await moveJobs(one!, other!, options())).toMatchObject({ jobs: 1, open: 0 });
    });

    it('are waited for, and moved as soon as the last worker has left', async () => {
      await oneStore!.insert([jobRecord({ name: 'notes.long' })]);
      await oneStore!.declare('w1', []);
      const [run] = await claim(oneStore!, 'w1', 'notes.long');
      const leaving = [
        () => oneStore!.end([{ id: run!.id, fence: run!.fence, outcome: 'succeeded' }]),
        () => oneStore!.leave('w1'),
      ];
      const pause = async (): Promise<void> => void (await leaving.shift()!());
      expect(await moveJobs(one!, other!, options({ waitMs: 10_000, pause }))).toMatchObject({ jobs: 1, open: 0 });
      expect(leaving).toEqual([]);
    });

    it('of a worker that was killed are moved once its lease is over, and run again as lost', async () => {
      const job = jobRecord({ name: 'notes.long' });
      await oneStore!.insert([job]);
      await oneStore!.declare('w1', []);
      await claim(oneStore!, 'w1', 'notes.long');
      await databases.one.advance({ seconds: 31 });
      await databases.other.advance({ seconds: 31 });
      expect(await moveJobs(one!, other!, options())).toMatchObject({ jobs: 1, open: 1 });

      await otherStore!.look();
      expect(await databases.other.job(job.id)).toMatchObject({ state: 'ready', attempts: 1 });
      expect(await databases.other.attempts(job.id)).toMatchObject([{ attempt: 1, worker: 'w1', outcome: 'lost' }]);
    });

    it('are nobody else’s meanwhile, and none runs where they were: workers are told in words', async () => {
      await oneStore!.insert([jobRecord({ name: 'notes.a' }), jobRecord({ name: 'notes.b' })]);
      const killed = moveJobs(
        one!,
        failing(other!, () => true, false),
        options(),
      );
      await expect(killed).rejects.toThrow(Killed);
      let calls = 0;
      const half = failing(other!, (call) => call === 'writeJobs' && ++calls > 0, true);
      await expect(moveJobs(one!, half, options())).rejects.toThrow(Killed);

      const refused = async (store: JobStore): Promise<string[]> => {
        const tried = [
          store.declare('w1', []),
          store.insert([jobRecord({ name: 'notes.c' })]),
          claim(store, 'w1', 'notes.a'),
          store.eraseTenant('notes', parseTenantId(tenant(1)), 1),
          store.countTenant('notes', parseTenantId(tenant(1))),
        ];
        return (await Promise.allSettled(tried)).map((each) =>
          each.status === 'rejected' ? (each.reason as Error).message : 'done',
        );
      };
      expect(await refused(oneStore!)).toEqual(
        Array(5).fill(expect.stringContaining(`The jobs of ${one!.place} are being moved to ${other!.place}.`)),
      );
      expect(await refused(otherStore!)).toEqual(
        Array(5).fill(expect.stringContaining(`Jobs are being moved to ${other!.place} from ${one!.place}.`)),
      );
      await moveJobs(one!, other!, options());
      const [declared, inserted, , ...ofTenant] = await refused(oneStore!);
      const left = `The jobs of ${one!.place} were moved to ${other!.place}. ${other!.kind === 'mongodb' ? 'Set' : 'Unset'} MONGODB_URI, or move them back: stack jobs move --from ${other!.kind} --to ${one!.kind}.`;
      expect([declared, inserted, ...ofTenant]).toEqual(Array(4).fill(left));
      expect(await refused(otherStore!)).toEqual(Array(5).fill('done'));
    });

    it('that both have are one: what has ended stays ended, and else what was there is kept', async () => {
      const [open, endedHere, endedThere] = [
        jobRecord({ name: 'notes.open', payload: { of: 'one' } }),
        jobRecord({ name: 'notes.here' }),
        jobRecord({ name: 'notes.there' }),
      ];
      await oneStore!.insert([open, endedHere, endedThere]);
      await otherStore!.insert([{ ...open, payload: { of: 'other' } }, endedHere, endedThere]);
      for (const [store, name] of [
        [oneStore!, 'notes.here'],
        [otherStore!, 'notes.there'],
      ] as const) {
        const [run] = await claim(store, 'w1', name);
        await store.end([{ id: run!.id, fence: run!.fence, outcome: 'succeeded' }]);
      }

      expect(await moveJobs(one!, other!, options())).toMatchObject({ jobs: 1, inBoth: 3 });

      expect(await states(databases.other)).toEqual({
        'notes.open': 'ready',
        'notes.here': 'succeeded',
        'notes.there': 'succeeded',
      });
      expect((await claim(otherStore!, 'w1', 'notes.open'))[0]!.payload).toEqual({ of: 'other' });
    });

    it('stay where they were if somebody writes into the other store meanwhile', async () => {
      const job = jobRecord({ name: 'notes.a' });
      await oneStore!.insert([job]);
      const meddled: JobDepot = {
        ...other!,
        async writeJobs(jobs) {
          await other!.writeJobs(jobs.map((each) => ({ ...each, payload: '{"of":"somebody"}' })));
        },
      };
      await expect(moveJobs(one!, meddled, options())).rejects.toThrow(
        `Job ${job.id} is not the same in ${one!.place} and in ${other!.place}`,
      );
      expect(await one!.jobsAfter(null, 10)).toHaveLength(1);

      expect(await moveJobs(one!, other!, options())).toMatchObject({ jobs: 1 });
      expect((await other!.jobsAfter(null, 10))[0]!.payload).toMatch(/^\{\s*\}$/);
    });

    it('are where they were, and can run there, when a half move is abandoned', async () => {
      const [job, known] = [jobRecord({ name: 'notes.a' }), jobRecord({ name: 'notes.known' })];
      await oneStore!.insert([job]);
      await otherStore!.insert([known]);
      const half = failing(other!, (call) => call === 'settle', true);
      await expect(moveJobs(one!, other!, options({ told: kill }))).rejects.toThrow(Killed);

      expect(await abandonMove(one!, other!)).toBe(1);

      expect((await claim(oneStore!, 'w1', 'notes.a')).map(({ id }) => id)).toEqual([job.id]);
      expect((await databases.other.jobs()).map(({ id }) => id)).toEqual([known.id]);
      await oneStore!.end([]);
      await expect(abandonMove(one!, other!)).rejects.toThrow(/^No move from .* is under way\.$/);
      await databases.one.empty();
      await oneStore!.insert([jobRecord({ name: 'notes.b' })]);
      // Once the other store has all of it, there is no way back but to move it back.
      await expect(moveJobs(one!, half, options())).rejects.toThrow(Killed);
      await expect(abandonMove(one!, other!)).rejects.toThrow(MoveRefused);
      expect(await moveJobs(one!, other!, options())).toBeNull();
      expect((await databases.other.jobs()).map((each) => each.name).sort()).toEqual(['notes.b', 'notes.known']);
    });

    it('that both had are in both again when a half move is abandoned', async () => {
      const [both, job] = [jobRecord({ name: 'notes.both' }), jobRecord({ name: 'notes.a' })];
      await oneStore!.insert([both, job]);
      await otherStore!.insert([both]);
      await expect(moveJobs(one!, other!, options({ told: kill }))).rejects.toThrow(Killed);

      expect(await abandonMove(one!, other!)).toBe(1);

      expect(Object.keys(await states(databases.one)).sort()).toEqual(['notes.a', 'notes.both']);
      expect(Object.keys(await states(databases.other))).toEqual(['notes.both']);
      expect((await claim(oneStore!, 'w1', 'notes.both')).map(({ id }) => id)).toEqual([both.id]);
    });

    it('do not open a store that was left before when a move back to it is abandoned', async () => {
      await oneStore!.insert([jobRecord({ name: 'notes.a' })]);
      await moveJobs(one!, other!, options());
      await expect(moveJobs(other!, one!, options({ told: kill }))).rejects.toThrow(Killed);
      await abandonMove(other!, one!);
      await expect(oneStore!.declare('w1', [])).rejects.toThrow(
        `The jobs of ${one!.place} were moved to ${other!.place}.`,
      );
      await otherStore!.declare('w1', []);
      await otherStore!.leave('w1');
      expect(await moveJobs(other!, one!, options())).toMatchObject({ jobs: 1 });
      await oneStore!.declare('w1', []);
    });

    it('are not removed where they were if the other store was made anew since', async () => {
      await oneStore!.insert([jobRecord({ name: 'notes.a' })]);
      await one!.raiseFence((await other!.lastFence()) + 10);
      const half = failing(one!, (call) => call === 'removeJobs', false);
      await expect(moveJobs(half, other!, options())).rejects.toThrow(Killed);
      const anew: JobDepot = { ...other!, lastFence: () => Promise.resolve(0) };
      await expect(moveJobs(one!, anew, options())).rejects.toThrow(/is not what it was: .* Nothing was removed/);
      expect(await one!.jobsAfter(null, 10)).toHaveLength(1);

      expect(await moveJobs(one!, other!, options())).toBeNull();
      expect(await one!.jobsAfter(null, 10)).toEqual([]);
    });

    it('go one way at a time, and to one place', async () => {
      await oneStore!.insert([jobRecord({ name: 'notes.a' })]);
      await expect(moveJobs(one!, other!, options({ told: kill }))).rejects.toThrow(Killed);
      await expect(moveJobs(other!, one!, options())).rejects.toThrow(/^A move from .* has not ended\./);
      await one!.setMark({
        ...(await one!.mark())!,
        other: 'elsewhere',
        otherId: 'e',
        move: 'aaaaaaaa-0000-7000-8000-000000000000',
      });
      await expect(moveJobs(one!, other!, options())).rejects.toThrow(
        `The jobs of ${one!.place} are on their way to elsewhere, and not to ${other!.place}.`,
      );
      await other!.setMark(null);
      await one!.setMark({ ...(await one!.mark())!, stage: 'left' });
      await expect(moveJobs(one!, other!, options())).rejects.toThrow(
        `The jobs of ${one!.place} were moved to elsewhere before`,
      );
    });

    it('that ended long ago are not moved', async () => {
      await write(one!, {
        jobs: [],
        definitions: [],
        firings: new Map(),
      });
      const old = jobRecord({ name: 'notes.old', id: '01800000-0000-7000-8000-000000000001' });
      await oneStore!.insert([old, jobRecord({ name: 'notes.new' })]);
      const [run] = await claim(oneStore!, 'w1', 'notes.old');
      await oneStore!.end([{ id: run!.id, fence: run!.fence, outcome: 'succeeded' }]);
      await databases.one.advance({ seconds: 90_000 });
      expect(await moveJobs(one!, other!, options({ keepMs: 86_400_000 }))).toMatchObject({ jobs: 1, open: 1 });
      const desk = await openJobDesk(databases.other.readerUrl, silent);
      try {
        expect(await desk.job(ALL, old.id)).toBeNull();
      } finally {
        await desk.close();
      }
    });
  });
}

const kill = (): void => {
  throw new Killed();
};

const claim = (store: JobStore, worker: string, name: string) =>
  store.claim({
    worker,
    leaseMs: 15_000,
    wanted: [{ name, room: 1, perTenant: null, perProduct: null, share: null, afterTenant: null }],
  });

const states = async (database: JobDatabase): Promise<Record<string, string>> =>
  Object.fromEntries((await database.jobs()).map(({ name, state }) => [name, state]));

/** Blocked jobs stay blocked, though what they wait for is made up: what becomes of those that wait is a promise of its own. */
const unsettled = (depot: JobDepot): JobDepot => ({ ...depot, settle: () => Promise.resolve() });

const NOTHING: KeptStore = { jobs: [], definitions: [], firings: new Map() };

async function write(depot: JobDepot, { jobs, definitions, firings }: KeptStore): Promise<void> {
  await depot.writeDefinitions(definitions);
  for (const [schedule, some] of firings) await depot.writeFirings(schedule, some);
  await depot.writeJobs(jobs);
}

async function read(depot: JobDepot): Promise<KeptStore> {
  const definitions = await depot.definitions();
  const firings = new Map<string, readonly KeptFiring[]>();
  for (const { name, schedule } of definitions)
    if (schedule) firings.set(name, await depot.firingsAfter(name, null, 100));
  return { jobs: await depot.jobsAfter(null, 100), definitions, firings };
}

/** Each storage writes the same JSON in its own way; that it is the same is what `sha256` says (canonical-json.test.ts). */
const alike = ({ jobs, definitions, firings }: KeptStore) => ({
  jobs: jobs.map((job) => ({ ...job, payload: asParsed(job.payload) })),
  definitions: definitions.map((definition) => ({ ...definition, declared: asParsed(definition.declared) })),
  firings,
});

/** As text with its keys in order: `__proto__` would not be seen in an object. */
const asParsed = (json: string): string =>
  JSON.stringify(JSON.parse(json), (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
      : value === 0
        ? 0
        : value,
  );

/** Every call that `fails` says yes to is the last one of a process that is killed; what it writes may be written or not. */
function failing(depot: JobDepot, fails: (call: string) => boolean, isWritten: boolean): JobDepot {
  let isKilled = false;
  return new Proxy(depot, {
    get(whole, call: keyof JobDepot) {
      const own = whole[call] as unknown;
      if (typeof own !== 'function' || call === 'hold') return own;
      return async (...args: unknown[]) => {
        if (isKilled) throw new Killed();
        if (!fails(call)) return (own as (...given: unknown[]) => Promise<unknown>)(...args);
        isKilled = true;
        if (isWritten) await (own as (...given: unknown[]) => Promise<unknown>)(...halved(args));
        throw new Killed();
      };
    },
  });
}

/** Of several jobs that were to be written at once, the first. */
const halved = (args: unknown[]): unknown[] =>
  args.map((arg) => (Array.isArray(arg) ? arg.slice(0, Math.ceil(arg.length / 2)) : arg));
