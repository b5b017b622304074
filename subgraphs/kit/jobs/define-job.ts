import type { RequestContext, TenantId } from '@inevitable/contract';
import type { z } from 'zod';
import type { TenantFiles } from '../files/tenant-files.js';
import type { PrismaClientLike, TenantClient } from '../database/index.js';
import type { TenantEntitlements, TenantWork } from '../subgraph/product-context.js';
import { readSchedule, type JobSchedule, type ReadSchedule } from './schedule/job-schedule.js';

export interface RetryPolicy {
  /** Runs in all, the first one included. */
  readonly attempts: number;
  readonly backoff: 'fixed' | 'exponential';
  /** Milliseconds before the second run; exponential doubles it each time, up to `maxMs`. */
  readonly firstMs: number;
  readonly maxMs?: number;
  /** Waits somewhere between half of that and all of it, so that what failed together does not come back together. */
  readonly jitter?: boolean;
}

/** How many runs at once. A number is `perWorker` alone. */
export interface JobConcurrency {
  /** In one worker; 4 unless told. With more than one place, one tenant leaves at least one to the others. */
  readonly perWorker?: number;
  /** Of one tenant, over all workers. */
  readonly perTenant?: number;
  /** Over all workers. */
  readonly perProduct?: number;
}

/** Where a run writes what operators read beside it, and in the log. */
export interface JobLog {
  debug(message: string, facts?: object): void;
  info(message: string, facts?: object): void;
  warn(message: string, facts?: object): void;
  error(message: string, facts?: object): void;
}

/** A product's jobs at one moment. */
export interface QueueState {
  readonly ready: number;
  readonly running: number;
  readonly dead: number;
  /** Of those, how many died within the last hour: what is failing now, not what nobody has looked at yet. */
  readonly diedLately: number;
  /** How long the oldest ready one has waited; 0 when none does. */
  readonly oldestReadySeconds: number;
}

/** What a job's `run` gets: its payload, and a request context of its own (caller `service`, the payload's tenant). */
export interface JobRun<Payload, Client> {
  /** The job's key: for the idempotency of what it does elsewhere. */
  readonly id: string;
  readonly payload: Payload;
  readonly context: RequestContext;
  /** null: a job of no tenant; it reaches no tenant's rows. */
  readonly tenant: TenantId | null;
  readonly db: TenantClient<Client>;
  /** Rows, events and further jobs that belong together: committed when `work` returns. */
  readonly transaction: <T>(work: (scope: TenantWork<Client>) => Promise<T>) => Promise<T>;
  readonly entitlements: TenantEntitlements;
  /** The tenant's files of this product; those of no tenant in a job of no tenant. */
  readonly files: TenantFiles;
  /** What of this product's jobs waits and runs, of every tenant. */
  readonly queue: () => Promise<QueueState>;
  /** 1 for the first run. */
  readonly attempt: number;
  /**
   * Grows with every run of any job. An outside system that keeps the highest it saw and refuses lower ones is safe
   * from a run that lost its lease and does not know it yet (a fencing token).
   */
  readonly fence: number;
  /** How much is done, 0 to 1, and a word on it; shown to operators within a second or two. */
  readonly progress: (fraction: number, note?: string) => void;
  /** Aborts at the timeout, before the lease ends, when the job is cancelled, and when the worker stops. */
  readonly signal: AbortSignal;
  readonly log: JobLog;
}

/** A run was cut off: it had not ended within its job's `timeoutMs`. */
export class JobTookTooLong extends Error {}

/** The last run never ended, its worker was lost with it; or giving the job up has failed before. The message is what is known. */
export class RunLost extends Error {}

/** Somebody cancelled it: it is not run any more. */
export class JobCancelled extends Error {}

/** A run that had nothing to do, and why. */
export interface Skipped {
  readonly skipped: string;
}
export const skipped = (reason: string): Skipped => Object.freeze({ skipped: reason });

/** A job is data plus one function. It may run more than once: its effects must bear that. */
export interface JobDefinition<Payload = unknown, Client extends PrismaClientLike = PrismaClientLike> {
  /** `<product>.<what it does>` */
  readonly name: string;
  readonly description?: string;
  /** Checked when enqueued and when run. A scheduled job is run with `{}`. */
  readonly payload: z.ZodType<Payload>;
  /** A worker may be told to run one queue of a product alone; `default` unless told. */
  readonly queue?: string;
  readonly schedule?: JobSchedule;
  /** What a due schedule, or a run by hand without a tenant, makes: one run of no tenant, or one of each active tenant. */
  readonly scope?: 'once' | 'each-tenant';
  /**
   * A second one of the same key and tenant is not queued while the first waits or runs. What the schedule makes, and what
   * a run by hand makes for each tenant, has no such key: there `schedule.overlap` decides, or nobody.
   */
  once?(payload: Payload): string;
  readonly retry?: RetryPolicy;
  /** Milliseconds; 60,000 unless told. */
  readonly timeoutMs?: number;
  readonly concurrency?: number | JobConcurrency;
  run(run: JobRun<Payload, Client>): Promise<void | Skipped>;
  /**
   * Its last run has failed (`error`: what it threw, or `JobTookTooLong`), or was lost with its worker (`RunLost`), or
   * somebody cancelled it, perhaps before it ever ran (`JobCancelled`; a run under way has been aborted before): time to
   * give back what it held. Called again every 30 s while it throws or its tenant cannot be served, 10 times in all; then
   * the job is dead. Not called where the tenant is gone or the payload does not fit.
   */
  gaveUp?(run: JobRun<Payload, Client>, error: Error): Promise<void>;
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 3, backoff: 'exponential', firstMs: 1_000, maxMs: 60_000 };
export const DEFAULT_TIMEOUT_MS = 60_000;
const LONGEST_TIMEOUT_MS = 86_400_000;
/** One less than a pool has connections: a handler that reads beside its open transaction still gets one. */
export const DEFAULT_PLACES = 4;
export const DEFAULT_QUEUE = 'default';

const NAME = /^[a-z][a-z0-9-]*\.[a-z0-9][a-z0-9.-]*$/;

/** A definition that cannot be one; the message names the job. */
export class BadJob extends Error {}

/** Throws `BadJob` and `BadSchedule`: a job that could never run stops the start, not a night. */
export function defineJob<Payload, Client extends PrismaClientLike = PrismaClientLike>(
  definition: JobDefinition<Payload, Client>,
): JobDefinition<Payload, Client> {
  const { name, payload } = definition;
  if (!NAME.test(name) || name.length > 255)
    throw new BadJob(`"${name}" is no name of a job: write "<product>.<what it does>", in small letters and dashes.`);
  for (const [what, number] of Object.entries(concurrencyOf(definition))) {
    if (number !== null && (!Number.isInteger(number) || number < 1))
      throw new BadJob(`Job "${name}": concurrency.${what} is ${number}, and must be a whole number from 1.`);
  }
  const { attempts, firstMs, maxMs = firstMs } = retryOf(definition);
  if (!Number.isInteger(attempts) || attempts < 1 || !(firstMs >= 0) || !(maxMs >= firstMs))
    throw new BadJob(
      `Job "${name}": retry needs attempts, a whole number from 1, and 0 ≤ firstMs ≤ maxMs; it has ${JSON.stringify(definition.retry)}.`,
    );
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = definition;
  if (!(timeoutMs >= 1 && timeoutMs <= LONGEST_TIMEOUT_MS))
    throw new BadJob(`Job "${name}": timeoutMs is ${timeoutMs}, and must be from 1 to ${LONGEST_TIMEOUT_MS} (a day).`);
  if (definition.schedule) {
    readSchedule(name, definition.schedule);
    if (!payload.safeParse({}).success)
      throw new BadJob(`Job "${name}" has a schedule, so its payload must accept {}: that is what it is run with.`);
  }
  return Object.freeze(definition);
}

/** The places of a job, with what is not said filled in; null: no limit. */
export function concurrencyOf({ concurrency = {} }: Pick<JobDefinition<never, never>, 'concurrency'>): {
  readonly perWorker: number;
  readonly perTenant: number | null;
  readonly perProduct: number | null;
} {
  if (typeof concurrency === 'number') return { perWorker: concurrency, perTenant: null, perProduct: null };
  const { perWorker = DEFAULT_PLACES, perTenant = null, perProduct = null } = concurrency;
  return { perWorker, perTenant, perProduct };
}

export const retryOf = ({ retry = DEFAULT_RETRY }: Pick<JobDefinition<never, never>, 'retry'>): RetryPolicy => retry;

export const scheduleOf = ({
  name,
  schedule,
}: Pick<JobDefinition<never, never>, 'name' | 'schedule'>): ReadSchedule | null =>
  schedule ? readSchedule(name, schedule) : null;

/** Milliseconds to wait after `attempt` runs have failed; null when that was the last. */
export function retryDelay(
  { attempts, backoff, firstMs, maxMs = Infinity, jitter = false }: RetryPolicy,
  attempt: number,
  random: () => number = Math.random,
): number | null {
  if (attempt >= attempts) return null;
  const delay = Math.min(backoff === 'fixed' ? firstMs : firstMs * 2 ** (attempt - 1), maxMs);
  return jitter ? delay / 2 + (random() * delay) / 2 : delay;
}
