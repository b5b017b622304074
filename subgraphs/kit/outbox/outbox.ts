import { OperatorError, type RequestContext } from '@inevitable/contract';
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

/** Buses have limits (NATS: 1 MB), and what none takes would stand before all that comes after it. */
const MAX_EVENT_BYTES = 262_144;

const INSERT = `insert into outbox (id, kind, name, aggregate, payload, correlation_id, run_at)
  values ($1, $2, $3, $4, $5, $6, coalesce($7::timestamptz, stack_now()))`;

/**
 * What resolvers and jobs do inside one transaction: rows, events and jobs that are committed together or not at all.
 * `declared`: the events the product may publish.
 */
export function tenantWork<Client>(
  { db, statement }: TenantHandle<Client>,
  { requestId }: RequestContext,
  declared: readonly EventDefinition[],
): TenantWork<Client> {
  const insert = (
    id: string,
    kind: 'event' | 'job',
    name: string,
    aggregate: string,
    payload: unknown,
    runAt: Date | null,
  ) => statement({ text: INSERT, values: [id, kind, name, aggregate, JSON.stringify(payload), requestId, runAt] });
  return {
    db,
    events: {
      async publish(event, { aggregate, payload }) {
        if (!declared.includes(event))
          throw new OutboxRefused(`Event "${event.name}" is not declared: add it to the product's \`events\`.`);
        assertFits(`event "${event.name}"`, event, payload);
        const bytes = Buffer.byteLength(JSON.stringify(payload));
        if (bytes > MAX_EVENT_BYTES)
          throw new OutboxRefused(
            `The payload of event "${event.name}" has ${bytes} bytes, and ${MAX_EVENT_BYTES} is the limit: publish what identifies the change.`,
          );
        await insert(newId(), 'event', event.name, aggregate, payload, null);
      },
    },
    jobs: {
      async enqueue<Payload>(job: JobDefinition<Payload, never>, payload: Payload, options: EnqueueOptions = {}) {
        assertFits(`job "${job.name}"`, job, payload);
        const id = newId();
        await insert(id, 'job', job.name, options.aggregate ?? id, payload, options.runAt ?? null);
        return id;
      },
    },
  };
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
