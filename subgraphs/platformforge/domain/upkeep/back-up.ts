import { createHash } from 'node:crypto';
import { createGzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { BadUserInput, type JobLog, type StoredFile, type TenantFiles } from '@inevitable/kit';
import type { PlatformForgeWork } from '../../context.js';
import { readTemplateArchive } from '../../rendering/read-template-archive.js';
import type { Template } from '../../generated/prisma/client.js';
import { databaseNow } from '../database-now.js';
import { templateKey } from '../kept-files.js';

export interface BackUpDeps {
  readonly db: PlatformForgeWork['db'];
  readonly files: TenantFiles;
  readonly signal: AbortSignal;
  readonly log: Pick<JobLog, 'warn'>;
}

/** What a backup says of a template; its archive is a gzip-compressed tar, in Base64. */
export interface BackedUpTemplate {
  /** For whoever looks into the file; what counts is in the archive. */
  readonly manifest: { readonly name: string; readonly [key: string]: unknown };
  /** Of the archive's bytes, in hex. */
  readonly sha256: string;
  readonly createdBy: string;
  readonly archive: string;
}

/** The JSON of a backup, gzip-compressed. */
export interface Backup {
  readonly format: 1;
  /** ISO 8601. */
  readonly madeAt: string;
  /** null: the tenant never said anything, and has the defaults. */
  readonly settings: { readonly keepDays: number; readonly updatedBy: string } | null;
  readonly templates: readonly BackedUpTemplate[];
}

const BACKUPS = 'backups/';
/** `backups/20261121t030000z-<id>.json.gz`: their order is that of time. */
const BACKUP_KEY = /^backups\/\d{8}t\d{6}z-[0-9a-f-]{36}\.json\.gz$/;
const KEPT = 8;

export const isBackupKey = (key: string): boolean => BACKUP_KEY.test(key);

/**
 * Writes the tenant's settings and templates into one file, and answers its key; null where there is nothing to back up.
 * `id`: whose backup this is. Asked for again with the same one, the file that is there is the answer.
 */
export async function backUp(id: string, deps: BackUpDeps): Promise<string | null> {
  const { db, files, signal } = deps;
  const made = (await listBackups(files)).find(({ key }) => key.endsWith(`-${id}.json.gz`));
  if (made) return made.key;
  const settings = await db.setting.findFirst({ select: { keepDays: true, updatedBy: true } });
  const ids = await db.template.findMany({ select: { id: true }, orderBy: { name: 'asc' } });
  if (!settings && !ids.length) return null;
  const madeAt = await databaseNow(db);
  const key = `${BACKUPS}${stampOf(madeAt)}-${id}.json.gz`;
  const text = Readable.from(backupText({ madeAt, settings, ids: ids.map((template) => template.id) }, deps));
  await files.put(key, Buffer.concat(await text.compose(createGzip()).toArray({ signal })));
  return key;
}

/** Newest last. */
export async function listBackups(files: TenantFiles): Promise<readonly StoredFile[]> {
  const found: StoredFile[] = [];
  for (let after: string | null = null; ;) {
    const page: readonly StoredFile[] = await files.list(BACKUPS, after);
    if (!page.length) return found;
    found.push(...page.filter(({ key }) => isBackupKey(key)));
    after = page.at(-1)!.key;
  }
}

/** Keeps the last eight; answers how many went. */
export async function forgetOldBackups(files: TenantFiles): Promise<number> {
  const old = (await listBackups(files)).slice(0, -KEPT);
  for (const { key } of old) await files.delete(key);
  return old.length;
}

/** `20261121t030000z` */
const stampOf = (time: Date): string => time.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase() + 'z';

interface Wanted {
  readonly madeAt: Date;
  readonly settings: Backup['settings'];
  readonly ids: readonly string[];
}

/** The JSON of a `Backup`, template by template: a hundred of them at once are more than one string should hold. */
async function* backupText({ madeAt, settings, ids }: Wanted, deps: BackUpDeps): AsyncGenerator<string> {
  yield `{"format":1,"madeAt":${JSON.stringify(madeAt)},"settings":${JSON.stringify(settings)},"templates":[`;
  let comma = '';
  for (const id of ids) {
    const template = await readTemplate(id, deps);
    if (!template) continue;
    yield comma + JSON.stringify(template satisfies BackedUpTemplate);
    comma = ',';
  }
  yield ']}';
}

/** null: it was deleted or replaced meanwhile, or cannot be read – a backup with it could not be restored. */
async function readTemplate(id: string, { db, files, signal, log }: BackUpDeps): Promise<BackedUpTemplate | null> {
  signal.throwIfAborted();
  const content = await files.read(templateKey(id));
  const template = await db.template.findFirst({ where: { id } });
  if (!template) return null;
  const archive = content && Buffer.from(await new Response(content.body).arrayBuffer());
  const problem = archive ? await problemOf(archive, template) : 'its file is gone';
  if (problem !== null) {
    log.warn('a template is not in the backup', { template: template.name, because: problem });
    return null;
  }
  return {
    manifest: template.manifest as BackedUpTemplate['manifest'],
    sha256: sha256Of(archive!),
    createdBy: template.createdBy,
    archive: archive!.toString('base64'),
  };
}

/** In hex. */
export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function problemOf(archive: Uint8Array, { name }: Template): Promise<string | null> {
  try {
    const content = await readTemplateArchive(archive);
    return content.manifest.name === name ? null : 'its file holds another template';
  } catch (error) {
    if (!(error instanceof BadUserInput)) throw error;
    return `its file is damaged: ${error.message}`;
  }
}
