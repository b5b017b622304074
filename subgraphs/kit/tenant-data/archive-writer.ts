import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { TenantId } from '@inevitable/contract';
import type { Files, FileStore } from '../files/file-store.js';
import { tenantFiles } from '../files/tenant-files.js';

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

/** Where the files of one export wait: among those of core-identity, of the tenant whose data it is. `tenantId` null: a person's. */
export function exportFiles(store: FileStore, tenantId: TenantId | null, orderId: string): Files {
  const files = tenantFiles(store, 'identity', tenantId);
  const root = `exports/${orderId}/`;
  const own = (key: string) => key.slice(root.length);
  return {
    put: (key, bytes) => files.put(root + key, bytes),
    async stat(key) {
      const file = await files.stat(root + key);
      return file && { ...file, key: own(file.key) };
    },
    async read(key, range) {
      const content = await files.read(root + key, range);
      return content && { ...content, file: { ...content.file, key: own(content.file.key) } };
    },
    delete: (key) => files.delete(root + key),
    async list(prefix, after) {
      const page = await files.list(root + prefix, after === null ? null : root + after);
      return page.map((file) => ({ ...file, key: own(file.key) }));
    },
  };
}

/** Where the list of a part's files is kept. */
export const indexKey = (folder: string): string => `${folder}/index.json`;

/**
 * Writes one part of an archive below `folder`. What an earlier run left there is written over, and what it had more is in no
 * list. Its paths begin with `name`.
 */
export function archiveWriter(files: Pick<Files, 'put'>, folder: string, name: string): ArchiveWriter {
  const written: ArchivedFile[] = [];
  const put = async (path: string, bytes: Uint8Array, rows?: number): Promise<void> => {
    const key = `${folder}/${String(written.length + 1).padStart(6, '0')}`;
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
      await files.put(indexKey(folder), list);
      return { files: written, index: sha256(list) };
    },
  };
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
