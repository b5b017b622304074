import { isUuid, OperatorError, type RequestContext } from '@inevitable/contract';
import type { z } from 'zod';
import type { TenantHandle } from '../database/index.js';
import type { EventDefinition } from '../events/define-event.js';
import { newId } from '../graph/new-id.js';
import type { JobDefinition } from '../jobs/define-job.js';
import type { EnqueueOptions, TenantWork } from '../subgraph/product-context.js';

/** A record cannot be written as asked: a fault in the product's code, not in the caller's input. */
export class OutboxRefused extends OperatorError {
  readonly code = 'INTERNAL';
}

/** Buses have limits (NATS: 1 MB), the job store too, and what none takes would stand before all that comes after it. */
const MAX_PAYLOAD_BYTES = 262_144;
/** ISO 8601 has four digits for a year. */
const LAST_MOMENT = new Date('9999-12-31T23:59:59.999Z');

const INSERT = `insert into outbox (id, kind, name, aggregate, payload, correlation_id, run_at, options)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`;

/** A key is part of an index entry, and those have a limit of their own. */
const LONGEST_ONCE_KEY = 500;
const MOST_DEPENDENCIES = 100;
const PRIORITIES = { low: -10, normal: 0, high: 10 } as const;

/** What the relay reads of a job beside its payload; of an event `trace` alone. */
export interface JobOptions {
  readonly trace: string | null;
  readonly onceKey: string | null;
  readonly priority: number;
  readonly after: readonly string[];
}

/**
 * What resolvers and jobs do inside one transaction: rows, events and jobs that are committed together or not at all.
 * `declared`: the events the product may publish.
 */
export function tenantWork<Client>(
  { db, statement }: TenantHandle<Client>,
  { requestId, trace }: RequestContext,
  declared: readonly EventDefinition[],
): TenantWork<Client> {
  const insert = (record: {
    readonly id: string;
    readonly kind: 'event' | 'job';
    readonly name: string;
    readonly aggregate: string;
    readonly payload: unknown;
    readonly runAt: Date | null;
    readonly options: JobOptions | Pick<JobOptions, 'trace'>;
  }) => {
    const { id, kind, name, aggregate, payload, runAt, options } = record;
    const values = [id, kind, name, aggregate, JSON.stringify(payload), requestId, runAt, JSON.stringify(options)];
    return statement({ text: INSERT, values });
  };
  return {
    db,
    events: {
      async publish(event, { aggregate, payload }) {
        if (!declared.includes(event))
          throw new OutboxRefused(`Event "${event.name}" is not declared: add it to the product's \`events\`.`);
        assertFits(`event "${event.name}"`, event, payload);
        assertSmall(`event "${event.name}"`, payload, 'publish what identifies the change');
        await insert({
          id: newId(),
          kind: 'event',
          name: event.name,
          aggregate,
          payload,
          runAt: null,
          options: { trace },
        });
      },
    },
    jobs: {
      async enqueue<Payload>(job: JobDefinition<Payload, never>, payload: Payload, options: EnqueueOptions = {}) {
        assertFits(`job "${job.name}"`, job, payload);
        const { runAt = null, aggregate, priority = 'normal', after = [] } = options;
        assertSmall(`job "${job.name}"`, payload, 'keep the rest in a row');
        if (runAt !== null && !(runAt.getTime() >= 0 && runAt <= LAST_MOMENT))
          throw new OutboxRefused(
            `Job "${job.name}": runAt is ${String(runAt)}, and must be a time up to the year 9999.`,
          );
        const onceKey = job.once?.(payload) ?? null;
        if (onceKey !== null && onceKey.length > LONGEST_ONCE_KEY)
          throw new OutboxRefused(
            `Job "${job.name}": \`once\` answered ${onceKey.length} characters, and ${LONGEST_ONCE_KEY} is the limit.`,
          );
        if (after.length > MOST_DEPENDENCIES || !after.every(isUuid))
          throw new OutboxRefused(
            `Job "${job.name}": \`after\` takes at most ${MOST_DEPENDENCIES} ids that enqueue answered.`,
          );
        const id = newId();
        await insert({
          id,
          kind: 'job',
          name: job.name,
          aggregate: aggregate ?? id,
          payload,
          runAt,
          options: { trace, onceKey, priority: PRIORITIES[priority], after },
        });
        return id;
      },
    },
  };
}

function assertSmall(what: string, payload: unknown, instead: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes > MAX_PAYLOAD_BYTES)
    throw new OutboxRefused(
      `The payload of ${what} has ${bytes} bytes, and ${MAX_PAYLOAD_BYTES} is the limit: ${instead}.`,
    );
}

function assertFits(what: string, definition: { readonly payload: z.ZodType }, payload: unknown): void {
  const parsed = definition.payload.safeParse(payload);
  if (!parsed.success) throw new OutboxRefused(`The payload of ${what} does not fit: ${parsed.error.message}`);
}

/** What a reading resolver gets in their place: a record without a transaction would not belong to any row. */
export const readingOnly: Pick<TenantWork, 'events' | 'jobs'> = {
  events: {
    publish: () => Promise.reject(new OutboxRefused('Publish events inside a root mutation field or a transaction.')),
  },
  jobs: {
    enqueue: () => Promise.reject(new OutboxRefused('Enqueue jobs inside a root mutation field or a transaction.')),
  },
};
