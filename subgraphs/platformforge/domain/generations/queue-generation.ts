import type { UserId } from '@inevitable/kit';
import type { PlatformForgeWork } from '../../context.js';
import type { Platform } from '../../generated/prisma/client.js';
import { tellPlatformChanged } from '../../events/platform-changed.js';
import { generate } from '../../jobs/generate.js';

/** What the generation that a platform was given last is charged to, and whom it is for. */
export interface GenerationAskedFor {
  readonly reservationId: string;
  readonly requestedBy: UserId;
}

/** The generation, its job and its event: in the transaction that wrote the platform's row. */
export async function queueGeneration(
  { db, events, jobs }: PlatformForgeWork,
  { id: platformId, generationId, template }: Platform,
  { reservationId, requestedBy }: GenerationAskedFor,
): Promise<void> {
  await db.generation.create({ data: { id: generationId, platformId, template, reservationId, requestedBy } });
  await jobs.enqueue(generate, { platformId, generationId }, { aggregate: platformId });
  await tellPlatformChanged(events, platformId);
}
