// Plain JavaScript: a process of its own runs these jobs (job-process.js), and so does a test in its own.
import { setTimeout as wait } from 'node:timers/promises';
import { defineJob } from '@inevitable/kit';
import pg from 'pg';
import { z } from 'zod';

const STEP = 'insert into ledger.steps (job_id, name, fence, attempt, pid, step) values ($1, $2, $3, $4, $5, $6)';
// As an outside system that refuses who is older than the newest it has seen.
const GUARD = `
  insert into ledger.guards as g (job_id, fence) values ($1, $2)
  on conflict (job_id) do update set fence = excluded.fence where g.fence <= excluded.fence returning fence`;
const EFFECT = `
  with guard as (${GUARD}), effect as (
    insert into ledger.effects (job_id, fence, pid) select $1, $2, $3 from guard on conflict do nothing)
  select exists (select from guard) as allowed`;

/**
 * Jobs that write down what they do where tests read it (job-database.ts): `began`, then `aborted` where their signal
 * does, then `wrote`, or `refused` where a later run has begun.
 * - `faults.effect`: waits for `ms` first, in its first run only with `once`. With `stubborn` it does not heed its signal.
 * - `faults.second-try`: throws in its first run.
 * - `faults.talks`: says four things in `ms`.
 * - `faults.each`: for every active tenant.
 * - `faults.every-second`: comes due by itself, where `withSchedule`.
 *
 * @param {string} url where the ledger is
 * @param {{ withSchedule?: boolean, perWorker?: number }} [options]
 */
export function ledgerJobs(url, { withSchedule = false, perWorker = 4 } = {}) {
  const pool = new pg.Pool({ connectionString: url, application_name: 'ledger', max: 4 });
  pool.on('error', () => undefined);

  const step = ({ id, fence, attempt }, name, what) => pool.query(STEP, [id, name, fence, attempt, process.pid, what]);
  async function begin(run, name) {
    await pool.query(GUARD, [run.id, run.fence]);
    await step(run, name, 'began');
  }
  async function write(run, name) {
    const { rows } = await pool.query(EFFECT, [run.id, run.fence, process.pid]);
    await step(run, name, rows[0].allowed ? 'wrote' : 'refused');
  }
  async function isFirst({ id, fence }) {
    const { rows } = await pool.query('select from ledger.steps where job_id = $1 and fence < $2', [id, fence]);
    return rows.length === 0;
  }

  const common = {
    concurrency: perWorker,
    retry: { attempts: 50, backoff: 'fixed', firstMs: 1 },
    timeoutMs: 60_000,
  };
  const simple = (name, more = {}) =>
    defineJob({
      name,
      ...common,
      payload: z.object({}),
      async run(run) {
        await begin(run, name);
        await write(run, name);
      },
      ...more,
    });
  const jobs = [
    defineJob({
      ...common,
      name: 'faults.effect',
      payload: z.object({ ms: z.number().optional(), once: z.boolean().optional(), stubborn: z.boolean().optional() }),
      async run(run) {
        const { ms = 0, once = false, stubborn = false } = run.payload;
        await begin(run, 'faults.effect');
        if (ms && (!once || (await isFirst(run)))) {
          const wasAborted = await wait(ms, false, { signal: run.signal }).catch(() => true);
          if (wasAborted) {
            await step(run, 'faults.effect', 'aborted');
            if (!stubborn) throw run.signal.reason;
          }
        }
        await write(run, 'faults.effect');
      },
    }),
    simple('faults.second-try', {
      async run(run) {
        await begin(run, 'faults.second-try');
        if (run.attempt === 1) throw new Error('not the first time');
        await write(run, 'faults.second-try');
      },
    }),
    simple('faults.talks', {
      payload: z.object({ ms: z.number() }),
      async run(run) {
        run.log.info('line 1');
        await begin(run, 'faults.talks');
        for (const line of [2, 3, 4]) {
          await wait(run.payload.ms / 3);
          run.log.info(`line ${line}`);
        }
        await write(run, 'faults.talks');
      },
    }),
    simple('faults.each', { scope: 'each-tenant' }),
    ...(withSchedule
      ? [simple('faults.every-second', { schedule: { cron: '* * * * * *', timezone: 'UTC', overlap: 'allow' } })]
      : []),
  ];
  return { jobs, close: () => pool.end() };
}
