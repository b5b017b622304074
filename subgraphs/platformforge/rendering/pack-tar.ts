import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { TemplateFile } from './known-template.js';
import { byBytes } from './template-path.js';

/**
 * A tar archive of these files, in order of their paths: of nobody, of no time, with the modes 644 and 755. The same
 * files give the same bytes.
 */
export function packTar(files: readonly TemplateFile[]): Promise<Buffer> {
  const archive = pack();
  for (const { path, bytes, executable } of files.toSorted((a, b) => byBytes(a.path, b.path)))
    archive.entry(
      { name: path, type: 'file', mode: executable ? 0o755 : 0o644, uid: 0, gid: 0, mtime: new Date(0) },
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    );
  archive.finalize();
  return buffer(archive);
}
