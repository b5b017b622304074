import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { BadUserInput } from '@inevitable/kit';
import { FILES_FOLDER, MANIFEST_FILE, MOST_PACKED_BYTES } from './archive-content.js';
import type { TemplateContent } from './known-template.js';
import { packTar } from './pack-tar.js';

/**
 * What is stored of a template: `readTemplateArchive` reads the same content from it. Throws `BadUserInput` when it is
 * more than that reads: whoever uploaded it packed it more tightly than we do.
 */
export async function packTemplateArchive({ manifest, files }: TemplateContent): Promise<Uint8Array> {
  const tar = await packTar([
    { path: MANIFEST_FILE, bytes: Buffer.from(JSON.stringify(manifest)), executable: false },
    ...files.map((file) => ({ ...file, path: FILES_FOLDER + file.path })),
  ]);
  const packed = await promisify(gzip)(tar, { level: 9 });
  if (packed.byteLength > MOST_PACKED_BYTES) throw new BadUserInput('The template has more than 1 MiB, packed.');
  return packed;
}
