import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenJobDatabase } from './job-database.js';
import { JobFaults } from './job-faults.js';
import { jobRecord, tenant } from './job-records.js';

type Side = 'before' | 'sent' | 'after';

/** Far more than a life of these jobs has; without it a life that never ends would loop for ever. */
const MOST_STATEMENTS = 150;

/** Kills a worker at every statement of a few jobs' lives. `sides`: where at the n-th one. */
export function describeKills(
  open: OpenJobDatabase,
  {
    sides,
    withinMs = 110_000,
  }: {
    readonly sides: (number: number) => readonly Side[];
    readonly withinMs?: number;
  },
): void {
  describe('A worker that is killed', () => {
    let faults: JobFaults;
    beforeAll(async () => {
      faults = await JobFaults.open(open);
    });
    afterEach(() => faults.clear());
    afterAll(() => faults.close());

    it(
      "at any statement of its jobs' lives leaves every job to others, and every effect is there once",
      async () => {
        const tenants = [1, 2].map(tenant);
        const spare = (number: number, side: Side) => faults.spareProcess({ tenants, failPoint: { number, side } });
        const places = Array.from({ length: MOST_STATEMENTS }, (_, index) => index + 1).flatMap((number) =>
          sides(number).map((side) => [number, side] as const),
        );
        let next = spare(...places[0]!);
        let killed = 0;
        for (const [index, [number, side]] of places.entries()) {
          const worker = await next;
          next = spare(...(places[index + 1] ?? places[0]!)); // loads while this one works
          const first = jobRecord({ name: 'faults.effect', tenantId: tenant(1), onceKey: 'key' });
          await faults.insert([
            first,
            jobRecord({ name: 'faults.effect', tenantId: tenant(1), after: [first.id] }),
            jobRecord({ name: 'faults.second-try', tenantId: tenant(2) }),
            jobRecord({ name: 'faults.each', fansOut: true }),
          ]);
          worker.go();
          const isOver = await Promise.race([
            worker.ended.then(() => faults.hasEnded()),
            faults.untilEnded().then(() => true),
          ]);
          if (!isOver) {
            killed += 1;
            expect(await worker.ended).toBe('SIGKILL');
            await faults.database.advance({ seconds: 16 });
            const other = await faults.worker({ tenants });
            await faults.untilEnded();
            await other.stop(1_000);
          }
          expect({ number, side, ...(await faults.account()) }).toEqual({
            number,
            side,
            notSucceeded: 0,
            withoutEffect: 0,
            effects: 5,
          });
          expect(await faults.database.heldKeys()).toBe(0);
          expect(await faults.steps('refused')).toEqual([]);
          if (isOver) break;
          await faults.clear(await next);
        }
        expect(killed).toBeGreaterThan(15);
        expect(killed).toBeLessThan(places.length);
      },
      withinMs,
    );
  });
}
