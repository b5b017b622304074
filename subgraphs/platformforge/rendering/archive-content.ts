import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { extract, type Entry } from 'tar-stream';
import type { TemplateContent, TemplateFile } from './known-template.js';
import { templateContent } from './template-content.js';
import { manifestFault, uploadedManifest, type TemplateManifest } from './template-manifest.js';
import { pathClash, templatePathFault } from './template-path.js';

export const MANIFEST_FILE = 'template.json';
export const FILES_FOLDER = 'files/';
export const MOST_PACKED_BYTES = 1024 * 1024;
const MOST_UNPACKED_BYTES = 8 * 1024 * 1024;
/** What tar itself adds: a header for each entry, and what fills up its last block. */
const MOST_TAR_BYTES = MOST_UNPACKED_BYTES + 2 * 1024 * 1024;
const MOST_FILES = 500;
/** Folders are entries, too. */
const MOST_ENTRIES = 2_000;
/** A tenant's templates are read from their rows all at once, by whoever asks for the list. */
const MOST_MANIFEST_BYTES = 16 * 1024;
/** A global header's are copied for each entry. */
const MOST_PAX_RECORDS = 100;
/** Characters of a name that is looked at, at all. */
const LONGEST_NAME = 1_000;

/** What is wrong with an archive, in words for whoever uploaded it. */
export class ArchiveRefused extends Error {}

/** What `readTemplateArchive` does in its thread. Throws `ArchiveRefused`. */
export async function archiveContent(bytes: Uint8Array): Promise<TemplateContent> {
  if (bytes.byteLength > MOST_PACKED_BYTES) throw new ArchiveRefused('The archive has more than 1 MiB.');
  return contentOf(withoutTopFolder(await readTar(await unzip(bytes))));
}

const otherFormats: readonly (readonly [format: string, start: readonly number[]])[] = [
  ['a zip file', [0x50, 0x4b]],
  ['compressed with bzip2', [0x42, 0x5a, 0x68]],
  ['compressed with xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['compressed with Zstandard', [0x28, 0xb5, 0x2f, 0xfd]],
  ['a 7-Zip file', [0x37, 0x7a, 0xbc, 0xaf]],
];

async function unzip(bytes: Uint8Array): Promise<Buffer> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
    const other = otherFormats.find(([, start]) => start.every((byte, index) => bytes[index] === byte));
    throw new ArchiveRefused(
      `${other ? `The archive is ${other[0]}` : 'This is no gzip-compressed file'}; a gzip-compressed tar archive (.tar.gz) is needed.`,
    );
  }
  try {
    // Chunk by chunk, and no further than the bound.
    return await promisify(gunzip)(bytes, { maxOutputLength: MOST_TAR_BYTES, chunkSize: 64 * 1024 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooMuch();
    throw new ArchiveRefused('The archive is damaged: it cannot be decompressed.');
  }
}

const tooMuch = (): ArchiveRefused => new ArchiveRefused('The archive has more than 8 MiB, unpacked.');

/** The files of a tar archive, their paths relative and judged. */
async function readTar(tar: Buffer): Promise<readonly TemplateFile[]> {
  const files: TemplateFile[] = [];
  let entries = 0;
  let left = MOST_UNPACKED_BYTES;
  const archive = extract();
  archive.on('error', () => undefined); // the loop below hears of it, unless it has thrown already
  archive.end(tar);
  try {
    for await (const entry of archive) {
      if ((entries += 1) > MOST_ENTRIES) throw new ArchiveRefused(`The archive has more than ${MOST_ENTRIES} entries.`);
      const { path, isFolder, size } = judge(entry, tar.byteLength);
      if (!isFolder) {
        if ((left -= size) < 0) throw tooMuch();
        if (files.length === MOST_FILES + 1) throw new ArchiveRefused(`The archive has more than ${MOST_FILES} files.`);
        files.push({ path, bytes: await bytesOf(entry), executable: ((entry.header.mode ?? 0) & 0o111) !== 0 });
      } else entry.resume();
    }
  } catch (error) {
    if (error instanceof ArchiveRefused) throw error;
    throw new ArchiveRefused('The archive is damaged: what was compressed is no tar archive, or is cut off.');
  }
  return files;
}

/** What an entry is, before anything of it is read. */
function judge({ header }: Entry, most: number): { path: string; isFolder: boolean; size: number } {
  const { name, type, size = 0 } = header;
  const refused = (fault: string): ArchiveRefused =>
    new ArchiveRefused(`The archive's entry ${JSON.stringify(name.slice(0, 200))} ${fault}.`);
  if (name.length > LONGEST_NAME) throw refused(`has a name of more than ${LONGEST_NAME} characters`);
  // A name that ends with a slash is a folder's where archives are too old to say so.
  const isFolder = type === 'directory' || (type === 'file' && name.endsWith('/') && size === 0);
  // `tar -czf x.tar.gz .` begins every path with `./`.
  const within = name.replace(/^(\.\/+)+/, '');
  const path = isFolder ? within.replace(/\/+$/, '') : within;
  if (type !== 'file' && !isFolder) throw refused('is neither a plain file nor a folder');
  const { pax } = header as { readonly pax?: Readonly<Record<string, string>> | null };
  if (pax && Object.keys(pax).length > MOST_PAX_RECORDS) throw refused(`has more than ${MOST_PAX_RECORDS} PAX records`);
  if (pax && Object.keys(pax).some((key) => key.startsWith('GNU.sparse'))) throw refused('is a sparse file');
  if (!Number.isSafeInteger(size) || size < 0 || size > most) throw refused('has a size that cannot be');
  const isTop = isFolder && (path === '' || path === '.');
  const fault = isTop ? null : templatePathFault(path);
  if (fault) throw refused(fault);
  return { path, isFolder, size };
}

async function bytesOf(entry: Entry): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Most people pack the folder, not what is in it. */
function withoutTopFolder(files: readonly TemplateFile[]): readonly TemplateFile[] {
  if (files.some(({ path }) => path === MANIFEST_FILE)) return files;
  const top = files.find(({ path }) => /^[^/]+\/template\.json$/.test(path))?.path.slice(0, -MANIFEST_FILE.length);
  if (top === undefined || !files.every(({ path }) => path.startsWith(top)))
    throw new ArchiveRefused('The archive has no template.json at its top, nor in one folder around everything.');
  return files.map((file) => ({ ...file, path: file.path.slice(top.length) }));
}

function contentOf(entries: readonly TemplateFile[]): TemplateContent {
  const clash = pathClash(entries.map(({ path }) => path));
  if (clash) throw new ArchiveRefused(`The archive's entry ${JSON.stringify(clash.path)} ${clash.fault}.`);
  const files = entries.filter(({ path }) => path !== MANIFEST_FILE);
  const beside = files.find(({ path }) => !path.startsWith(FILES_FOLDER));
  if (beside)
    throw new ArchiveRefused(
      `The archive's entry ${JSON.stringify(beside.path)} is neither template.json nor in the folder files/.`,
    );
  if (files.length === 0) throw new ArchiveRefused('The archive has nothing in the folder files/.');
  if (files.length > MOST_FILES) throw new ArchiveRefused(`The archive has more than ${MOST_FILES} files.`);
  const manifest = readManifest(entries.find(({ path }) => path === MANIFEST_FILE)!);
  return templateContent(
    manifest,
    files.map((file) => ({ ...file, path: file.path.slice(FILES_FOLDER.length) })),
  );
}

function readManifest({ bytes }: TemplateFile): TemplateManifest {
  if (bytes.byteLength > MOST_MANIFEST_BYTES) throw new ArchiveRefused('template.json has more than 16 KiB.');
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes), ordinary);
  } catch (error) {
    if (error instanceof ArchiveRefused) throw error;
    throw new ArchiveRefused('template.json is not JSON.');
  }
  const parsed = uploadedManifest.safeParse(json);
  if (!parsed.success) throw new ArchiveRefused(`template.json: ${manifestFault(parsed.error)}.`);
  return parsed.data;
}

/** Refuses what zod would leave out without a word. */
function ordinary(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new ArchiveRefused('template.json has a key "__proto__".');
  return value;
}
