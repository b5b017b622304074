import type { JobRecord } from '@inevitable/contract';
import { inProcessBus, postgresJobStore, startWorker, type Worker } from '@inevitable/kit/host';
import { pino, type Logger } from 'pino';
import { openJobDatabase, type JobDatabase } from './job-database.js';
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
export class JobFaults {
  readonly #ends = new Set<() => Promise<unknown>>();
  readonly #endOf = new Map<JobProcess, () => Promise<unknown>>();

  private constructor(readonly database: JobDatabase) {}

  static async open(): Promise<JobFaults> {
    return new JobFaults(await openJobDatabase());
  }

  async insert(records: readonly JobRecord[]): Promise<void> {
    const store = postgresJobStore(this.database.url, pino({ level: 'silent' }));
    await store.insert(records);
    await store.close();
  }

  /** A worker in a process of its own. */
  async process(options: Partial<JobProcessOptions> = {}): Promise<JobProcess> {
    return this.#keep(await runJobProcess({ url: this.database.url, ...options }));
  }

  /** The same, loaded and waiting to be told to go. */
  async spareProcess(options: Partial<JobProcessOptions> = {}): Promise<JobProcess> {
    return this.#keep(await startJobProcess({ url: this.database.url, ...options }));
  }

  /** A worker in this process. `url`: where it finds the store, unless told the usual way. */
  async worker({
    url = this.database.url,
    tenants = [],
    log = pino({ level: 'silent' }),
  }: { readonly url?: string; readonly tenants?: readonly string[]; readonly log?: Logger } = {}): Promise<Worker> {
    const ledger = ledgerJobs(this.database.url);
    const worker = await startWorker({
      products: [{ declaration: { name: 'faults', jobs: ledger.jobs } as never, database: null, systemUrl: null }],
      jobStoreUrl: url,
      tenants: activeTenants(tenants),
      entitlements: null as never,
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
    return { health: worker.health, runner: worker.runner, stop };
  }

  /** How many jobs there are of each state. */
  async states(): Promise<Readonly<Record<string, number>>> {
    const rows = await this.database.sql<{ state: string; count: number }>(
      'select state, count(*)::int as count from jobs.jobs group by state',
    );
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  }

  async hasEnded(): Promise<boolean> {
    return Object.keys(await this.states()).every((state) => ['succeeded', 'dead', 'cancelled'].includes(state));
  }

  async untilEnded(withinMs?: number): Promise<void> {
    await until('all jobs have ended', () => this.hasEnded(), withinMs).catch(async (error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(await this.states())}`);
    });
  }

  /** In order. */
  steps(step?: LedgerStep['step']): Promise<LedgerStep[]> {
    return this.database.sql<LedgerStep>(
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
    const [row] = await this.database.sql<{ notSucceeded: number; withoutEffect: number; effects: number }>(
      `select count(*) filter (where state <> 'succeeded')::int as "notSucceeded",
              count(*) filter (where not fans_out and e.job_id is null)::int as "withoutEffect",
              count(e.job_id)::int as effects
       from jobs.jobs j left join ledger.effects e on e.job_id = j.id`,
    );
    return row!;
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

  #keep(child: JobProcess): JobProcess {
    const end = () => endJobProcess(child);
    this.#ends.add(end);
    this.#endOf.set(child, end);
    return child;
  }
}
