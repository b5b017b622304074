import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { BadUserInput, CallerError, NotFound, type TenantFiles } from '@inevitable/kit';
import { z } from 'zod';
import { readTemplateArchive } from '../../rendering/read-template-archive.js';
import { isBackupKey, sha256Of, type BackedUpTemplate, type Backup } from './back-up.js';
import { keepDays } from '../settings/platform-settings.js';

/** A hundred templates have less than this, in Base64; what unpacks to more is no backup of ours. */
const MOST_BYTES = 256 * 1024 * 1024;

const backup = z.strictObject({
  format: z.literal(1),
  madeAt: z.iso.datetime(),
  settings: z.strictObject({ keepDays, updatedBy: z.uuid() }).nullable(),
  templates: z.array(
    z.strictObject({
      manifest: z.looseObject({ name: z.string() }),
      sha256: z.string(),
      createdBy: z.uuid(),
      archive: z.base64(),
    }),
  ),
});

export interface ReadTemplate {
  readonly name: string;
  readonly createdBy: string;
  /** As it is uploaded. */
  readonly archive: Uint8Array;
  /** Of its content, as the row of the same content has it, in hex. */
  readonly contentSha256: string;
}

/** A backup whose every part can be put back. */
export interface ReadBackup extends Pick<Backup, 'madeAt' | 'settings'> {
  readonly templates: readonly ReadTemplate[];
}

/**
 * Reads a backup and checks all of it, each template's archive too. Throws `BadUserInput` for a key that is none and for a
 * file that is damaged or no backup, `NotFound` where there is none.
 */
export async function readBackup(key: string, files: TenantFiles): Promise<ReadBackup> {
  if (!isBackupKey(key)) throw new BadUserInput(`"${key}" is no key of a backup: --list shows them.`, 'backup');
  const content = await files.read(key);
  if (!content) throw new NotFound('backup');
  const damaged = (why: string): CallerError =>
    new BadUserInput(`The backup ${key} cannot be restored, and nothing was changed: ${why}`, 'backup');

  const json = await unpack(new Uint8Array(await new Response(content.body).arrayBuffer()));
  if (json === null) throw damaged('the file is damaged.');
  const parsed = backup.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw damaged(`it is not what this version writes (${[...path, message].join(': ')}).`);
  }
  const { madeAt, settings } = parsed.data;
  const templates = new Map<string, ReadTemplate>();
  for (const template of parsed.data.templates) {
    const { name } = template.manifest;
    const read = templates.has(name) ? 'it is there twice' : await readTemplate(template);
    if (typeof read === 'string') throw damaged(`its template "${name}" is damaged: ${read}.`);
    templates.set(name, read);
  }
  return { madeAt, settings, templates: [...templates.values()] };
}

/** null: it is no gzip, or no JSON in it. */
async function unpack(bytes: Uint8Array): Promise<unknown> {
  try {
    return JSON.parse((await promisify(gunzip)(bytes, { maxOutputLength: MOST_BYTES })).toString());
  } catch {
    return null;
  }
}

/** In words, what is wrong with it. */
async function readTemplate({
  manifest,
  sha256,
  createdBy,
  archive,
}: BackedUpTemplate): Promise<ReadTemplate | string> {
  const bytes = Buffer.from(archive, 'base64');
  if (sha256Of(bytes) !== sha256) return 'its archive is another one';
  try {
    const content = await readTemplateArchive(bytes);
    if (content.manifest.name !== manifest.name) return 'its archive holds another template';
    return { name: manifest.name, createdBy, archive: bytes, contentSha256: content.sha256 };
  } catch (error) {
    if (error instanceof CallerError) return error.message.replace(/\.$/, '');
    throw error;
  }
}
