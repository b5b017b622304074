import { CallerError, Conflict, newId, type UserId } from '@inevitable/kit';
import type { PlatformForgeRouteContext, PlatformForgeWork } from '../context.js';
import { templateOfRow } from '../generation/find-template.js';
import type { KnownTemplate, TemplateContent } from '../generation/known-template.js';
import { packTemplateArchive } from '../generation/pack-template-archive.js';
import { readTemplateArchive } from '../generation/read-template-archive.js';
import { stackTemplates } from '../generation/stack-templates.js';
import type { Prisma } from '../generated/prisma/client.js';
import { discard } from '../jobs/discard.js';
import { templateKey } from './kept-files.js';

export interface UploadedTemplate {
  readonly template: KnownTemplate;
  /** False: it took the place of the tenant's template of this name. */
  readonly isNew: boolean;
}

export const MOST_TEMPLATES = 100;

/**
 * Checks and keeps a template of the tenant's own. Throws `BadUserInput` for an archive that is none or not harmless, and
 * `Conflict` for the name of one of the stack's own and for one template too many.
 */
export async function uploadTemplate(
  { files, transaction }: Pick<PlatformForgeRouteContext, 'files' | 'transaction'>,
  archive: Uint8Array,
  author: UserId,
): Promise<UploadedTemplate> {
  const content = await readTemplateArchive(archive);
  const { name } = content.manifest;
  if ((await stackTemplates()).has(name))
    throw new Conflict(`"${name}" is a template of the stack's own: give yours another name.`);
  const id = newId();
  const packed = await packTemplateArchive(content);
  // The file first: a row never names what is not there. What a crash in between leaves, the nightly clean-up deletes.
  await files.put(templateKey(id), packed);
  try {
    return await transaction((work) => keepTemplate(work, { id, content, sizeBytes: packed.byteLength, author }));
  } catch (error) {
    // Of any other failure nobody knows whether it came before the commit or after it.
    if (error instanceof CallerError) await files.delete(templateKey(id));
    throw error;
  }
}

interface TemplateToKeep {
  readonly id: string;
  readonly content: TemplateContent;
  readonly sizeBytes: number;
  readonly author: UserId;
}

async function keepTemplate(
  { db, jobs }: PlatformForgeWork,
  { id, content: { manifest, files, sha256 }, sizeBytes, author }: TemplateToKeep,
): Promise<UploadedTemplate> {
  // One upload of a tenant at a time: two at once would both find room for one.
  await db.$executeRaw`select pg_advisory_xact_lock(hashtextextended('platformforge templates ' || current_tenant(), 0))`;
  const { name } = manifest;
  const row = { id, manifest: manifest as Prisma.InputJsonObject, sha256, sizeBytes, fileCount: files.length };
  const template = templateOfRow(row);
  const former = await db.template.findFirst({ where: { name } });
  if (former) {
    await db.template.updateMany({ where: { name }, data: row });
    await jobs.enqueue(discard, { templateIds: [former.id] }, { aggregate: former.id });
    return { template, isNew: false };
  }
  if ((await db.template.count()) >= MOST_TEMPLATES)
    throw new Conflict(`A tenant has at most ${MOST_TEMPLATES} templates: delete one first.`);
  await db.template.create({ data: { ...row, name, createdBy: author } });
  return { template, isNew: true };
}
