import { Conflict, newId, parseInput, type UserId } from '@inevitable/kit';
import { z } from 'zod';
import type { PlatformForgeContext } from '../../context.js';
import { findTemplate } from '../../rendering/find-template.js';
import { parametersSchema } from '../../rendering/parameters-schema.js';
import type { Platform, Prisma } from '../../generated/prisma/client.js';
import { findPlatform } from './find-platform.js';
import { IN_USE } from './platform-states.js';
import { queueGeneration } from '../generations/queue-generation.js';
import { reservePlatform } from '../quota/quota.js';

export const platformToRegenerate = z.strictObject({ id: z.string(), parameters: z.unknown().optional() });
export type PlatformToRegenerate = z.infer<typeof platformToRegenerate>;

/**
 * Generates a platform again; it keeps its artifact until the new one is there. Throws `NotFound`, `BadUserInput` for
 * parameters that do not fit, `Conflict` while it is being generated or archived, or when its template is gone,
 * `QuotaExceeded`, `NotEntitled`.
 */
export async function regeneratePlatform(
  context: PlatformForgeContext,
  { id, parameters: given }: PlatformToRegenerate,
  author: UserId,
): Promise<Platform> {
  const platform = await findPlatform(context.reading, id);
  if (platform.status === 'ARCHIVED') throw new Conflict('The platform is archived: restore it first.', 'input.id');
  if (!IN_USE.includes(platform.status)) throw new Conflict('The platform is being generated already.', 'input.id');
  const template = await findTemplate(platform.template, { db: context.reading, deployment: context.deployment });
  if (!template) throw new Conflict(`Its template "${platform.template}" is not there any more.`, 'input.id');
  const parameters = parseInput(parametersSchema(template.manifest), given ?? platform.parameters, 'input.parameters');
  const generationId = newId();

  const reservationId = await reservePlatform(context, generationId);
  const [changed] = await context.db.platform.updateManyAndReturn({
    // Of two that ask at once, one finds it as it was read.
    where: { id, generationId: platform.generationId, status: { in: IN_USE } },
    data: {
      status: 'QUEUED',
      failureReason: null,
      generationId,
      parameters: parameters as Prisma.InputJsonObject,
    },
  });
  if (!changed) throw new Conflict('The platform was changed at the same moment.', 'input.id');
  await queueGeneration(context, changed, { reservationId, requestedBy: author });
  return changed;
}
