// Plain JavaScript: tests start it as a process of its own, to kill it, to freeze it and to shift its clock.
import { createRequire } from 'node:module';
import { setImmediate as nextTurn } from 'node:timers/promises';
import pg from 'pg';

// The kit's driver, below what it exports: there is no other place that every command passes.
const { Connection: MongoConnection } = createRequire(import.meta.resolve('@inevitable/kit'))(
  'mongodb/lib/cmap/connection.js',
);

/**
 * A worker process, or as many workers as it is told in one. It says `ready`, waits for `go`, and works.
 *
 * @typedef {{ number: number, side: 'before' | 'sent' | 'after' }} FailPoint the n-th statement of this process: it dies
 *   without having sent it, having sent it without an answer, or having heard the answer and done nothing about it
 * @typedef {{ url: string, ledgerUrl: string, workers: number, tenants: string[], skewMs: number, graceMs: number,
 *   withSchedule: boolean, failPoint: FailPoint | null }} Orders
 */
const die = () => process.kill(process.pid, 'SIGKILL');

/**
 * Every later statement of every connection counts. Of MongoDB's commands those that write: whoever dies around one that
 * reads leaves the same behind as around the write before it, or after it.
 */
function failAt({ number, side }) {
  let statements = 0;
  const isIt = () => (statements += 1) === number;
  const failWith = (answer) => {
    if (side === 'sent') void nextTurn().then(die);
    else answer.then(die, die);
    return answer;
  };

  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (...args) {
    if (!isIt()) return query.apply(this, args);
    if (side === 'before') return die();
    const callback = args.at(-1);
    if (side === 'after' && typeof callback === 'function') return query.apply(this, [...args.slice(0, -1), die]);
    return failWith(query.apply(this, args));
  };

  const { command } = MongoConnection.prototype;
  MongoConnection.prototype.command = function (...args) {
    const [, { insert, update, delete: remove, findAndModify }] = args;
    if (!(insert ?? update ?? remove ?? findAndModify) || !isIt()) return command.apply(this, args);
    if (side === 'before') return die();
    return failWith(command.apply(this, args));
  };
}

/** What this process takes for the time is wrong from now on. */
function skew(ms) {
  const TrueDate = Date;
  globalThis.Date = class extends TrueDate {
    constructor(...args) {
      if (args.length) super(...args);
      else super(TrueDate.now() + ms);
    }
    static now() {
      return TrueDate.now() + ms;
    }
  };
}

/** @param {Orders} orders */
async function work({ url, ledgerUrl, workers, tenants, skewMs, graceMs, withSchedule, failPoint }) {
  if (skewMs) skew(skewMs);
  const { inProcessBus, startWorker } = await import('@inevitable/kit/host');
  const { ledgerJobs } = await import('./job-ledger.js');
  const { pino } = await import('pino');
  process.send({ ready: true });
  await new Promise((resolve) => process.once('message', resolve));
  if (failPoint) failAt(failPoint);

  const ledger = ledgerJobs(ledgerUrl, { withSchedule });
  const log = pino({ level: 'info' }, pino.destination({ dest: 2, sync: true }));
  const running = await Promise.all(
    Array.from({ length: workers }, () =>
      startWorker({
        products: [{ declaration: { name: 'faults', jobs: ledger.jobs }, database: null, systemUrl: null }],
        jobStoreUrl: url,
        tenants: {
          find: (id) =>
            Promise.resolve({ id, slug: id, name: id, plan: 'free', entitlementsDigest: '', status: 'active' }),
          active: (after) => Promise.resolve(tenants.filter((id) => after === null || id > after).slice(0, 1)),
        },
        entitlements: null,
        deployment: 'internal',
        events: inProcessBus(() => undefined),
        log,
      }),
    ),
  );
  // Nothing but the workers keeps the process alive now, and nothing ends it but that they have stopped.
  process.channel.unref();
  process.once('SIGTERM', () => {
    void Promise.all(running.map((worker) => worker.stop(graceMs))).then(async () => {
      await ledger.close();
      log.info('stopped');
    });
  });
}

process.on('disconnect', () => process.exit()); // nothing that a test started outlives it
await work(JSON.parse(process.argv[2]));
