import type { UserId } from '@inevitable/kit';
import type { PlatformForgeWork } from '../context.js';
import { tellPlatformChanged } from '../events/platform-changed.js';
import { generate } from '../jobs/generate.js';

export interface GenerationToQueue {
  readonly id: string;
  readonly platformId: string;
  readonly template: string;
  readonly reservationId: string;
  readonly requestedBy: UserId;
}

/** The generation, its job and its event: in the transaction that wrote the platform's row. */
export async function queueGeneration(
  { db, events, jobs }: PlatformForgeWork,
  { id, platformId, template, reservationId, requestedBy }: GenerationToQueue,
): Promise<void> {
  await db.generation.create({ data: { id, platformId, template, reservationId, requestedBy } });
  await jobs.enqueue(generate, { platformId, generationId: id }, { aggregate: platformId });
  await tellPlatformChanged(events, platformId);
}
