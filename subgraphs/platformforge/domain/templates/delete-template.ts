import { NotFound, plainText } from '@inevitable/kit';
import { z } from 'zod';
import type { PlatformForgeWork } from '../../context.js';
import { discard } from '../../jobs/discard.js';
import type { KnownTemplate } from '../../rendering/known-template.js';
import { templateOfRow } from '../../rendering/find-template.js';

export const templateToDelete = z.strictObject({ name: plainText({ min: 1, max: 100 }) });

/** The row is gone at once, its file soon after. Answers the template as it was. Throws `NotFound`: also for one of the stack's own. */
export async function deleteTemplate({ db, jobs }: PlatformForgeWork, name: string): Promise<KnownTemplate> {
  const template = await db.template.findFirst({ where: { name } });
  const { count } = template ? await db.template.deleteMany({ where: { id: template.id } }) : { count: 0 };
  if (!template || count === 0) throw new NotFound('template');
  await jobs.enqueue(discard, { templateIds: [template.id] }, { aggregate: template.id });
  return templateOfRow(template);
}
