import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Files } from '../files/file-store.js';
import { newId } from '../graph/new-id.js';

const compressed = promisify(gzip);

/** Of lines before they are compressed, in bytes: what one piece of a table takes of the memory. */
const PIECE_BYTES = 4 * 1_048_576;

/** A file of an archive, kept until the archive is fetched or too old. */
export interface ArchivedFile {
  /** In the archive: `starter/notes.0001.ndjson.gz`. */
  readonly path: string;
  /** In the store, among the files of the export. */
  readonly key: string;
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
  /** Of a table. */
  readonly rows?: number;
}

/** What one product contributes to an archive. */
export interface ArchivePart {
  readonly files: readonly ArchivedFile[];
  /** SHA-256, in hex, of the list of them as it was kept. */
  readonly index: string;
}

export interface ArchiveWriter {
  /** Lines of JSON, one row each, as one or more compressed files of that name; answers how many rows. None makes no file. */
  lines(name: string, rows: AsyncIterable<string>): Promise<number>;
  /** A file of the product, as it is. */
  file(path: string, bytes: Uint8Array): Promise<void>;
  /** Keeps the list of all files written, by which the part counts as whole. */
  finish(): Promise<ArchivePart>;
}

/** Where the list of a part's files is kept, by its SHA-256. */
export const indexKey = (folder: string, index: string): string => `${folder}/index-${index}.json`;

/**
 * Writes one part of an archive below `folder`, each run beside those before it: one that was thought dead, and goes on, changes
 * nothing that another has written. Its paths begin with `name`.
 */
export function archiveWriter(files: Pick<Files, 'put'>, folder: string, name: string): ArchiveWriter {
  const run = newId();
  const written: ArchivedFile[] = [];
  const put = async (path: string, bytes: Uint8Array, rows?: number): Promise<void> => {
    const key = `${folder}/${run}/${String(written.length + 1).padStart(6, '0')}`;
    await files.put(key, bytes);
    const file = { path: `${name}/${path}`, key, bytes: bytes.byteLength, sha256: sha256(bytes) };
    written.push(rows === undefined ? file : { ...file, rows });
  };
  return {
    async lines(table, rows) {
      let [total, pieces, inPiece, size]: [number, number, string[], number] = [0, 0, [], 0];
      const flush = async (): Promise<void> => {
        if (!inPiece.length) return;
        pieces += 1;
        const bytes = await compressed(`${inPiece.join('\n')}\n`);
        await put(`${table}.${String(pieces).padStart(4, '0')}.ndjson.gz`, bytes, inPiece.length);
        [inPiece, size] = [[], 0];
      };
      for await (const row of rows) {
        inPiece.push(row);
        total += 1;
        size += Buffer.byteLength(row);
        if (size >= PIECE_BYTES) await flush();
      }
      await flush();
      return total;
    },
    file: (path, bytes) => put(`files/${path}`, bytes),
    async finish() {
      const list = Buffer.from(JSON.stringify(written));
      const index = sha256(list);
      await files.put(indexKey(folder, index), list);
      return { files: written, index };
    },
  };
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
