import { checkHealth, ready, type HealthReport, type PartHealth } from '@inevitable/contract';
import { defineJob, type JobDefinition, type JobLog } from '@inevitable/kit';
import { z } from 'zod';
import { partHealthChanged } from '../events/part-health-changed.js';
import type { HealthChange } from '../store/operations-store.js';
import { publishOfNoTenant } from './publish-of-no-tenant.js';
import type { Upkeep, UpkeepSources } from './upkeep.js';

/** Milliseconds for all parts together; each has a limit of its own. */
const ASK_WITHIN_MS = 10_000;
/** The part that stands for the asking itself. */
const ASKING = 'health checks';

/** Asks every part how it is, and keeps the answers as periods; a part whose state changed is published. */
export const checkHealthJob = (sources: UpkeepSources): JobDefinition =>
  defineJob({
    name: 'operations.check-health',
    description: 'Asks every part of the stack how it is, keeps the history, and publishes what changed.',
    payload: z.object({}),
    schedule: { cron: '*/30 * * * * *', overlap: 'skip', catchUp: 'none' },
    // The next one is due in 30 s anyway.
    retry: { attempts: 1, backoff: 'fixed', firstMs: 0 },
    timeoutMs: 25_000,
    concurrency: 1,
    async run({ id, log }) {
      const { store, bus } = sources.upkeep;
      await store.see(await askParts(() => sources.health()));
      for (const change of await store.untold()) await tell(change, { store, bus, correlationId: id, log });
    },
  });

/**
 * Every part's answer, and whether they could be asked at all. Answers in time whatever the source does: one that hangs
 * or throws is a part that is not ready.
 */
export async function askParts(health: () => Promise<HealthReport>): Promise<readonly PartHealth[]> {
  let parts: readonly PartHealth[] = [];
  const asking = await checkHealth(
    {
      [ASKING]: async () => {
        ({ parts } = await health());
        return ready(ASKING);
      },
    },
    ASK_WITHIN_MS,
  );
  return [...parts, ...asking.parts];
}

interface Telling extends Pick<Upkeep, 'store' | 'bus'> {
  readonly correlationId: string;
  readonly log: JobLog;
}

/** The period keeps that it is untold until the bus has it: what fails now is published by the next check. */
async function tell(
  { id, part, ready: isReady, reason, since }: HealthChange,
  { store, bus, correlationId, log }: Telling,
): Promise<void> {
  const [level, what] = isReady ? (['info', 'is ready'] as const) : (['warn', 'is not ready'] as const);
  const payload = { part, ready: isReady, reason, since: since.toISOString() };
  try {
    await publishOfNoTenant(bus, partHealthChanged, { id, aggregate: part, payload, at: since, correlationId });
  } catch (error) {
    log.warn(`that ${part} ${what} could not be published; the next check tries again`, {
      reason: (error as Error).message,
    });
    return;
  }
  await store.markTold(id);
  log[level](`${part} ${what}`, reason === null ? {} : { reason });
}
