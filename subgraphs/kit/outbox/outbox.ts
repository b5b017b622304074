import { OperatorError, type RequestContext } from '@inevitable/contract';
import type { TenantHandle } from '../database/index.js';
import { newId } from '../graph/new-id.js';
import type { JobDefinition } from '../jobs/define-job.js';
import type { EnqueueOptions, EventToPublish, TenantWork } from '../subgraph/product-context.js';

/** A record cannot be written as asked: a fault in the product's code, not in the caller's input. */
export class OutboxRefused extends OperatorError {
  readonly code = 'INTERNAL';
}

const INSERT = `insert into outbox (id, kind, name, aggregate, payload, correlation_id, run_at)
  values ($1, $2, $3, $4, $5, $6, coalesce($7::timestamptz, stack_now()))`;

/** What resolvers and jobs do inside one transaction: rows, events and jobs that are committed together or not at all. */
export function tenantWork<Client>(
  { db, statement }: TenantHandle<Client>,
  { requestId }: RequestContext,
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
      async publish({ name, aggregate, payload }: EventToPublish) {
        await insert(newId(), 'event', name, aggregate, payload, null);
      },
    },
    jobs: {
      async enqueue<Payload>(job: JobDefinition<Payload, never>, payload: Payload, options: EnqueueOptions = {}) {
        const parsed = job.payload.safeParse(payload);
        if (!parsed.success)
          throw new OutboxRefused(`The payload of job "${job.name}" does not fit: ${parsed.error.message}`);
        const id = newId();
        await insert(id, 'job', job.name, options.aggregate ?? id, payload, options.runAt ?? null);
        return id;
      },
    },
  };
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
