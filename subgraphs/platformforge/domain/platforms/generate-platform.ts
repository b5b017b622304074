import { BadUserInput, newId, parseInput, plainText, type UserId } from '@inevitable/kit';
import { z } from 'zod';
import type { PlatformForgeContext } from '../../context.js';
import { findTemplate } from '../../rendering/find-template.js';
import { parametersSchema } from '../../rendering/parameters-schema.js';
import type { Platform, Prisma } from '../../generated/prisma/client.js';
import { queueGeneration } from '../generations/queue-generation.js';
import { reservePlatform } from '../quota/quota.js';
import { slugOf, unlessTaken } from './slug.js';

export const newPlatform = z.strictObject({
  name: plainText({ min: 1, max: 100, singleLine: true }),
  template: plainText({ min: 1, max: 100 }),
  parameters: z.unknown().optional(),
});
export type NewPlatform = z.infer<typeof newPlatform>;

/**
 * Asks for a platform: its row, generation, event and job are committed together, or none of them, and then nothing is
 * reserved either. Throws `BadUserInput`, `Conflict` when the slug is taken, `QuotaExceeded`, `NotEntitled`.
 */
export async function generatePlatform(
  context: PlatformForgeContext,
  { name, template: wanted, parameters: given }: NewPlatform,
  author: UserId,
): Promise<Platform> {
  const template = await findTemplate(wanted, { db: context.reading, deployment: context.deployment });
  if (!template) throw new BadUserInput(`There is no template "${wanted}".`, 'input.template');
  const parameters = parseInput(parametersSchema(template.manifest), given ?? {}, 'input.parameters');
  const id = newId();
  const generationId = newId();
  const slug = slugOf(name, id);

  const reservationId = await reservePlatform(context, generationId);
  const row = { id, name, slug, template: template.name, parameters: parameters as Prisma.InputJsonObject };
  const platform = await unlessTaken(slug, 'input.name', () =>
    context.db.platform.create({ data: { ...row, generationId, createdBy: author } }),
  );
  await queueGeneration(context, platform, { reservationId, requestedBy: author });
  return platform;
}
