import { setTimeout as wait } from 'node:timers/promises';
import { CallerError, Conflict, newId, type UserId } from '@inevitable/kit';
import type { PlatformForgeRouteContext, PlatformForgeWork } from '../../context.js';
import { templateOfRow } from '../../rendering/find-template.js';
import type { KnownTemplate, TemplateContent } from '../../rendering/known-template.js';
import { packTemplateArchive } from '../../rendering/pack-template-archive.js';
import { readTemplateArchive } from '../../rendering/read-template-archive.js';
import { stackTemplates } from '../../rendering/stack-templates.js';
import type { Prisma } from '../../generated/prisma/client.js';
import { discard } from '../../jobs/discard.js';
import { templateKey } from '../kept-files.js';

export interface UploadedTemplate {
  readonly template: KnownTemplate;
  /** False: it took the place of the tenant's template of this name. */
  readonly isNew: boolean;
}

/** The tenant uploads as much at once as it may. */
export class TooManyUploads extends CallerError {
  readonly code = 'RATE_LIMITED';
  override readonly details = { retryAfterSeconds: 2 };
  constructor() {
    super('Other templates of this tenant are being uploaded right now. Try again in a moment.');
  }
}

export const MOST_TEMPLATES = 100;
/** How often it is looked whether another process has kept its template, and the milliseconds in between. */
const TRIES = 10;
const BETWEEN_MS = 50;

type UploadDeps = Pick<PlatformForgeRouteContext, 'files' | 'transaction'>;

/**
 * Checks and keeps a template of the tenant's own. Throws `BadUserInput` for an archive that is none or not harmless,
 * `Conflict` for the name of one of the stack's own and for one template too many, `TooManyUploads` while another process
 * keeps one, and the signal's reason when that aborts.
 */
export async function uploadTemplate(
  deps: UploadDeps,
  archive: Uint8Array,
  author: UserId,
  signal: AbortSignal = new AbortController().signal,
): Promise<UploadedTemplate> {
  const content = await readTemplateArchive(archive, signal);
  const { name } = content.manifest;
  if ((await stackTemplates()).has(name))
    throw new Conflict(`"${name}" is a template of the stack's own: give yours another name.`);
  const id = newId();
  const packed = await packTemplateArchive(content);
  try {
    // The file first: a row never names what is not there. What a crash in between leaves, the nightly clean-up deletes.
    await deps.files.put(templateKey(id), packed);
    return await keepInTurn(deps, { id, content, sizeBytes: packed.byteLength, author }, signal);
  } catch (error) {
    // What is the caller's to mend came before the commit. Of anything else nobody knows.
    if (error instanceof CallerError || (await isNamedByNoRow(deps, id))) await deps.files.delete(templateKey(id));
    throw error;
  }
}

interface TemplateToKeep {
  readonly id: string;
  readonly content: TemplateContent;
  readonly sizeBytes: number;
  readonly author: UserId;
}

async function keepInTurn(
  { transaction }: UploadDeps,
  template: TemplateToKeep,
  signal: AbortSignal,
): Promise<UploadedTemplate> {
  for (let tries = 1; ; tries += 1) {
    signal.throwIfAborted();
    const kept = await transaction(async (work) => ((await isOurTurn(work)) ? keepTemplate(work, template) : null));
    if (kept) return kept;
    if (tries === TRIES) throw new TooManyUploads();
    await wait(BETWEEN_MS);
  }
}

/**
 * One upload of a tenant at a time: two at once would both find room for one. It is asked, not waited for: who waits in the
 * database holds one of the few connections that all tenants share.
 */
async function isOurTurn({ db }: PlatformForgeWork): Promise<boolean> {
  const [turn] = await db.$queryRaw<{ readonly isOurs: boolean }[]>`
    select pg_try_advisory_xact_lock(hashtextextended('platformforge templates ' || current_tenant(), 0)) as "isOurs"`;
  return turn!.isOurs;
}

async function keepTemplate(
  { db, jobs }: PlatformForgeWork,
  { id, content: { manifest, files, sha256 }, sizeBytes, author }: TemplateToKeep,
): Promise<UploadedTemplate> {
  const { name } = manifest;
  const row = { id, manifest: manifest as Prisma.InputJsonObject, sha256, sizeBytes, fileCount: files.length };
  const template = templateOfRow(row);
  const former = await db.template.findFirst({ where: { name }, select: { id: true } });
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

/**
 * Whether the template's file is nobody's, for certain. A commit whose answer was lost may be under way yet: its
 * transaction has the turn until it is over. In doubt the file stays, for the nightly clean-up to judge.
 */
async function isNamedByNoRow({ transaction }: UploadDeps, id: string): Promise<boolean> {
  try {
    return await transaction(
      async (work) =>
        (await isOurTurn(work)) && !(await work.db.template.findFirst({ where: { id }, select: { id: true } })),
    );
  } catch {
    return false; // what failed first is what is told
  }
}
