import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { PublicJwk } from '@inevitable/contract';
import { extract, type Entry } from 'tar-stream';
import { archiveManifest, verifiedManifest, type ArchiveManifest } from './manifest.js';
import { MANIFEST, README, README_FILE, SIGNATURE } from './pack-archive.js';

/** What is wrong with an archive, in sentences; none where it is as it was made. */
export interface VerifiedArchive {
  /** null: its signature does not hold, so nothing in it is believed. */
  readonly manifest: ArchiveManifest | null;
  readonly findings: readonly string[];
}

/** In bytes: a manifest lists some ten thousand files. */
const LARGEST_MANIFEST = 64 * 1_048_576;

/** Compares an archive with its signed manifest, file by file, as a stream. Throws what tar says of what is no archive. */
export async function verifyArchive(
  archive: AsyncIterable<Uint8Array>,
  keys: readonly PublicJwk[],
): Promise<VerifiedArchive> {
  const found = new Map<string, { readonly bytes: number; readonly sha256: string }>();
  const findings: string[] = [];
  const texts = new Map<string, string>();
  for await (const entry of entriesOf(archive)) {
    const { name, type } = entry.header;
    if (type !== 'file') findings.push(`"${name}" is no file.`);
    if (found.has(name)) findings.push(`"${name}" is in it twice.`);
    const kept: Uint8Array[] | null = [MANIFEST, SIGNATURE, README_FILE].includes(name) ? [] : null;
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of entry) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      if (kept && bytes <= LARGEST_MANIFEST) kept.push(chunk);
    }
    if (kept) texts.set(name, Buffer.concat(kept).toString('utf8'));
    found.set(name, { bytes, sha256: hash.digest('hex') });
  }
  const signed = verifiedManifest(texts.get(SIGNATURE) ?? '', keys);
  if (signed === null)
    return { manifest: null, findings: [`${SIGNATURE} is missing, or none of this stack's keys signed it.`] };
  if (texts.get(MANIFEST) !== signed) findings.push(`${MANIFEST} is not what was signed.`);
  if (texts.get(README_FILE) !== README) findings.push(`${README_FILE} is not what was written.`);
  const manifest = archiveManifest.parse(JSON.parse(signed));
  for (const { path, bytes, sha256 } of manifest.files) {
    const file = found.get(path);
    if (!file) findings.push(`"${path}" is missing.`);
    else if (file.bytes !== bytes || file.sha256 !== sha256) findings.push(`"${path}" was changed.`);
  }
  const known = new Set([...manifest.files.map(({ path }) => path), MANIFEST, SIGNATURE, README_FILE]);
  for (const name of found.keys()) if (!known.has(name)) findings.push(`"${name}" was added.`);
  return { manifest, findings };
}

const entriesOf = (archive: AsyncIterable<Uint8Array>): AsyncIterable<Entry> => {
  const untar = extract();
  const source = Readable.from(archive);
  source.on('error', (error) => untar.destroy(error));
  source.pipe(untar as unknown as NodeJS.WritableStream); // streamx, which is a writable in all that pipe asks for
  return untar;
};
