import type { JobRecord } from '@inevitable/contract';
import { inProcessBus, openJobStore, startWorker, type Worker } from '@inevitable/kit/host';
import { pino, type Logger } from 'pino';
import type { JobDatabase } from './job-database.js';
// @ts-expect-error -- plain JavaScript
import { ledgerJobs } from './job-ledger.js';
import {
  endJobProcess,
  runJobProcess,
  startJobProcess,
  type JobProcess,
  type JobProcessOptions,
} from './job-processes.js';
import { activeTenants } from './job-worker.js';
import { until } from './test-stack.js';

export interface LedgerStep {
  readonly job: string;
  readonly name: string;
  readonly fence: number;
  readonly attempt: number;
  readonly pid: number;
  readonly step: 'began' | 'aborted' | 'wrote' | 'refused';
  readonly at: Date;
}

/** A store, workers in processes of their own and in this one, and what their jobs left behind. */
export class JobFaults<Database extends JobDatabase = JobDatabase> {
  readonly #ends = new Set<() => Promise<unknown>>();
  readonly #endOf = new Map<JobProcess, () => Promise<unknown>>();

  private constructor(readonly database: Database) {}

  static async open<Database extends JobDatabase>(open: () => Promise<Database>): Promise<JobFaults<Database>> {
    return new JobFaults(await open());
  }

  async insert(records: readonly JobRecord[]): Promise<void> {
    const store = await openJobStore(this.database.url, pino({ level: 'silent' }));
    await store.insert(records);
    await store.close();
  }

  /** A worker in a process of its own. */
  async process(options: Partial<JobProcessOptions> = {}): Promise<JobProcess> {
    return this.#keep(await runJobProcess({ ...this.#places(), ...options }));
  }

  /** The same, loaded and waiting to be told to go. */
  async spareProcess(options: Partial<JobProcessOptions> = {}): Promise<JobProcess> {
    return this.#keep(await startJobProcess({ ...this.#places(), ...options }));
  }

  /** A worker in this process. `url`: where it finds the store, unless told the usual way. */
  async worker({
    url = this.database.url,
    tenants = [],
    log = pino({ level: 'silent' }),
  }: { readonly url?: string; readonly tenants?: readonly string[]; readonly log?: Logger } = {}): Promise<Worker> {
    const ledger = ledgerJobs(this.database.ledger.url);
    const worker = await startWorker({
      products: [{ declaration: { name: 'faults', jobs: ledger.jobs } as never, database: null, systemUrl: null }],
      jobStoreUrl: url,
      tenants: activeTenants(tenants),
      entitlements: null as never,
      audit: null as never, // there is no outbox
      deployment: 'internal',
      events: inProcessBus(() => undefined),
      log,
    });
    let stopping: Promise<void> | null = null;
    const stop = (graceMs: number) =>
      (stopping ??= (async () => {
        await worker.stop(graceMs);
        await ledger.close();
      })());
    this.#ends.add(() => stop(0));
    return { ...worker, stop };
  }

  async hasEnded(): Promise<boolean> {
    return Object.keys(await this.database.states()).every((state) =>
      ['succeeded', 'dead', 'cancelled'].includes(state),
    );
  }

  async untilEnded(withinMs?: number): Promise<void> {
    await until('all jobs have ended', () => this.hasEnded(), withinMs).catch(async (error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(await this.database.states())}`);
    });
  }

  /** In order. */
  steps(step?: LedgerStep['step']): Promise<LedgerStep[]> {
    return this.database.ledger.sql<LedgerStep>(
      `select job_id as job, name, fence::int, attempt, pid, step, at from ledger.steps
       where step = coalesce($1, step) order by number`,
      step ?? null,
    );
  }

  /** What must hold after every fault, when all is over: each run job succeeded and left its effect, once. */
  async account(): Promise<{
    readonly notSucceeded: number;
    readonly withoutEffect: number;
    readonly effects: number;
  }> {
    const [jobs, effects] = await Promise.all([
      this.database.jobs(),
      this.database.ledger.sql<{ job: string }>('select job_id as job from ledger.effects'),
    ]);
    const left = new Set(effects.map(({ job }) => job));
    return {
      notSucceeded: jobs.filter(({ state }) => state !== 'succeeded').length,
      withoutEffect: jobs.filter(({ id, fansOut }) => !fansOut && !left.has(id)).length,
      effects: jobs.filter(({ id }) => left.has(id)).length,
    };
  }

  /** Ends what was started, but for `spare`, and forgets the jobs. */
  async clear(spare?: JobProcess): Promise<void> {
    const kept = spare && this.#endOf.get(spare);
    const ends = [...this.#ends].filter((end) => end !== kept);
    for (const end of ends) this.#ends.delete(end);
    await Promise.all(ends.map((end) => end()));
    await this.database.empty();
  }

  async close(): Promise<void> {
    await this.clear();
    await this.database.close();
  }

  #places(): Pick<JobProcessOptions, 'url' | 'ledgerUrl'> {
    return { url: this.database.url, ledgerUrl: this.database.ledger.url };
  }

  #keep(child: JobProcess): JobProcess {
    const end = () => endJobProcess(child);
    this.#ends.add(end);
    this.#endOf.set(child, end);
    return child;
  }
}
