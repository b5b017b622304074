import { once } from 'node:events';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import type { Files } from '@inevitable/kit';
import { pack, type Headers } from 'tar-stream';
import type { ArchiveManifest } from './manifest.js';

export const MANIFEST = 'manifest.json';
export const SIGNATURE = 'manifest.jws';

export const README_FILE = 'README.txt';
/** The same in every archive. */
export const README = `What is in here

manifest.json    of whom this archive is, when it was made, and each file with its size in bytes and its SHA-256
manifest.jws     the same, signed (JWS, RFC 7515); the keys are published below /.well-known/archive-jwks.json of the issuer
<product>/       one folder for each product: <table>.<number>.ndjson.gz has one JSON object per line, files/ what was uploaded or made;
                 in the archive of a person, within one folder for each tenant

The operator of the stack verifies it with: stack tenant verify-export <this file>
`;

/** What is kept of a finished archive: by the path in the archive, the key in the store. */
export interface PackedFile {
  readonly path: string;
  readonly key: string;
  readonly bytes: number;
}

export interface ArchiveToPack {
  /** `manifest.json`, as it was signed. */
  readonly manifest: string;
  readonly signature: string;
  readonly contents: readonly PackedFile[];
  readonly finishedAt: ArchiveManifest['finishedAt'];
}

/**
 * A tar archive as a stream, read from the store as fast as it is taken. Breaks off where a file is missing or has another
 * size than its list says.
 */
export function packArchive(files: Pick<Files, 'read'>, archive: ArchiveToPack): ReadableStream<Uint8Array> {
  const { manifest, signature, contents, finishedAt } = archive;
  const tar = pack();
  const mtime = new Date(finishedAt);
  const gone = new Promise<never>((_resolve, reject) => {
    tar.once('close', () => reject(new Error('Whoever took the archive has left.')));
  });
  gone.catch(() => undefined); // nobody waits for it between two entries

  const entry = (header: Headers, chunks: AsyncIterable<Uint8Array>): Promise<void> => {
    const written = new Promise<void>((resolve, reject) => {
      const sink = tar.entry({ ...header, mtime }, (error) => (error ? reject(error) : resolve()));
      const send = async (): Promise<void> => {
        for await (const chunk of chunks) if (!sink.write(chunk)) await Promise.race([once(sink, 'drain'), gone]);
        sink.end();
      };
      send().catch(reject);
    });
    return Promise.race([written, gone]);
  };
  const text = (name: string, content: string): Promise<void> => {
    const bytes = Buffer.from(content);
    return entry({ name, size: bytes.byteLength }, Readable.from([bytes]));
  };
  const write = async (): Promise<void> => {
    await text(README_FILE, README);
    await text(MANIFEST, manifest);
    await text(SIGNATURE, signature);
    for (const { path, key, bytes } of contents) {
      const content = await files.read(key);
      if (!content) throw new Error(`The file "${key}" of an archive is gone.`);
      await entry({ name: path, size: bytes }, content.body as ReadableStream<Uint8Array>);
    }
    tar.finalize();
  };
  write().catch((error: Error) => tar.destroy(error));
  return ReadableStream.from(tar);
}
