import type { RequestContext } from '@inevitable/contract';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { PrismaClientLike, TenantClient } from '../database/index.js';
import type { TenantWork } from '../subgraph/product-context.js';

export interface RetryPolicy {
  /** Runs in all, the first one included. */
  readonly attempts: number;
  readonly backoff: 'fixed' | 'exponential';
  /** Milliseconds before the second run; exponential doubles it each time, up to `maxMs`. */
  readonly firstMs: number;
  readonly maxMs?: number;
}

/** What a job's `run` gets: its payload, and a request context of its own (caller `service`, the payload's tenant). */
export interface JobRun<Payload, Client> {
  readonly payload: Payload;
  readonly context: RequestContext;
  readonly db: TenantClient<Client>;
  /** Rows, events and further jobs that belong together: committed when `work` returns. */
  readonly transaction: <T>(work: (scope: TenantWork<Client>) => Promise<T>) => Promise<T>;
  /** 1 for the first run. */
  readonly attempt: number;
  /** Aborts at the timeout, when the lock is lost, and when the worker stops. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** A job is data plus one function. It may run more than once: its effects must bear that. */
export interface JobDefinition<Payload = unknown, Client extends PrismaClientLike = PrismaClientLike> {
  /** `<product>.<what it does>` */
  readonly name: string;
  readonly description?: string;
  /** Checked when enqueued and when run. */
  readonly payload: z.ZodType<Payload>;
  readonly retry?: RetryPolicy;
  /** Milliseconds; 60,000 unless told. */
  readonly timeoutMs?: number;
  /** Runs at once in one worker; 4 unless told. */
  readonly concurrency?: number;
  run(run: JobRun<Payload, Client>): Promise<void>;
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 3, backoff: 'exponential', firstMs: 1_000, maxMs: 60_000 };
export const DEFAULT_TIMEOUT_MS = 60_000;
/** One less than a pool has connections: a handler that reads beside its open transaction still gets one. */
export const DEFAULT_CONCURRENCY = 4;

export const defineJob = <Payload, Client extends PrismaClientLike = PrismaClientLike>(
  definition: JobDefinition<Payload, Client>,
): JobDefinition<Payload, Client> => Object.freeze(definition);

/** Milliseconds to wait after `attempt` runs have failed; null when that was the last. */
export function retryDelay(
  { attempts, backoff, firstMs, maxMs = Infinity }: RetryPolicy,
  attempt: number,
): number | null {
  if (attempt >= attempts) return null;
  return Math.min(backoff === 'fixed' ? firstMs : firstMs * 2 ** (attempt - 1), maxMs);
}
