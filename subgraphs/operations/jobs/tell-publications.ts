import { defineJob, type JobDefinition } from '@inevitable/kit';
import { z } from 'zod';
import { schemaPublished } from '../events/schema-published.js';
import { publishOfNoTenant } from './publish-of-no-tenant.js';
import type { UpkeepSources } from './upkeep.js';

/**
 * Publishes an event for every publication of a supergraph, in their order. A command publishes straight into the
 * database, where no bus is; so it is a job that tells of all of them.
 */
export const tellPublicationsJob = (sources: UpkeepSources): JobDefinition =>
  defineJob({
    name: 'operations.tell-publications',
    description: 'Publishes an event for every version of the supergraph that became the current one.',
    payload: z.object({}),
    schedule: { cron: '*/15 * * * * *', overlap: 'skip', catchUp: 'none' },
    // The next one is due in 15 s anyway.
    retry: { attempts: 1, backoff: 'fixed', firstMs: 0 },
    timeoutMs: 10_000,
    concurrency: 1,
    async run({ id: correlationId, signal, log }) {
      const { schemas, bus } = sources.upkeep;
      for (const { id, at, position, version, kind, by, forced } of await schemas.untold()) {
        signal.throwIfAborted();
        const payload = { position, version, kind, by, forced };
        await publishOfNoTenant(bus, schemaPublished, { id, aggregate: 'supergraph', payload, at, correlationId });
        await schemas.markTold(id);
        log.info('a publication was told', { position, version, kind, forced });
      }
    },
  });
