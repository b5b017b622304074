import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { SupergraphUnreadable } from './supergraph-unreadable.js';

/** Of one schema: a hundred times the largest of ours. What is larger is no schema, and would take minutes to parse. */
export const MAX_SCHEMA_BYTES = 10 * 1_024 * 1_024;

/** `10 MB`, `100 kB`. */
export const sizeInWords = (bytes: number): string =>
  bytes < 1_024 * 1_024 ? `${Math.round(bytes / 1_000)} kB` : `${Math.round(bytes / 1_024 / 1_024)} MB`;

/** Reads a regular file of at most 10 MB. Throws `SupergraphUnreadable`; `namedBy` (`supergraph.yaml:7`) begins its sentence. */
export async function readText(path: string, namedBy?: string, maxBytes = MAX_SCHEMA_BYTES): Promise<string> {
  const refuse = (reason: string): SupergraphUnreadable =>
    new SupergraphUnreadable(`${namedBy === undefined ? '' : `${namedBy}: `}${path} ${reason}.`);
  try {
    // A pipe or a device would keep us waiting, perhaps for ever. A folder is told by its error.
    const found = await stat(path);
    if (!found.isFile() && !found.isDirectory()) throw refuse('is no regular file');
    const chunks: Buffer[] = [];
    let bytes = 0;
    // Counted while it is read: a file of the kernel (/proc) does not say how much it will be.
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw refuse(`has more than ${sizeInWords(maxBytes)}, the most a schema may have`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    if (error instanceof SupergraphUnreadable) throw error;
    throw refuse(`cannot be read (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`);
  }
}
