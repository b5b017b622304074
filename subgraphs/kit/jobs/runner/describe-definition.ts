import { z } from 'zod';
import {
  concurrencyOf,
  DEFAULT_QUEUE,
  DEFAULT_TIMEOUT_MS,
  retryOf,
  scheduleOf,
  type JobDefinition,
  type RetryPolicy,
} from '../define-job.js';
import type { DeclaredDefinition } from '../store/job-store.js';

/** What the store keeps of a definition, as the graph shows it. */
export interface DescribedJob {
  readonly description: string | null;
  readonly queue: string;
  readonly scope: 'once' | 'each-tenant';
  readonly schedule: {
    readonly cron: string;
    readonly timezone: string;
    readonly overlap: string;
    readonly catchUp: string;
  } | null;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  readonly concurrency: ReturnType<typeof concurrencyOf>;
  readonly isOnce: boolean;
  /** What it holds is given back when it is given up or cancelled (`gaveUp`). */
  readonly givesBack: boolean;
  /** JSON Schema of the payload; null where it cannot be written as one. */
  readonly payload: object | null;
}

export function describeDefinition(job: JobDefinition<unknown, never>, product: string): DeclaredDefinition {
  const schedule = scheduleOf(job);
  const declared: DescribedJob = {
    description: job.description ?? null,
    queue: job.queue ?? DEFAULT_QUEUE,
    scope: job.scope ?? 'once',
    schedule: schedule && {
      cron: schedule.cron,
      timezone: schedule.timezone,
      overlap: schedule.overlap,
      catchUp: schedule.catchUp,
    },
    retry: retryOf(job),
    timeoutMs: job.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    concurrency: concurrencyOf(job),
    isOnce: job.once !== undefined,
    givesBack: job.gaveUp !== undefined,
    payload: jsonSchemaOf(job.payload),
  };
  return {
    name: job.name,
    product,
    declared,
    cron: schedule?.cron ?? null,
    timezone: schedule?.timezone ?? null,
  };
}

function jsonSchemaOf(payload: z.ZodType): object | null {
  try {
    return z.toJSONSchema(payload, { io: 'input' });
  } catch {
    return null; // a transform or a custom check has no such form
  }
}
