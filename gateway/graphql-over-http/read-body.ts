import type { Readable } from 'node:stream';
import { badRequest } from './request-refused.js';

export const BODY_LIMIT_BYTES = 1_048_576;
/**
 * How much of a refused body is still read before the 413 is sent: a client that finds the connection closed in the
 * middle of its upload reports a reset and never reads the answer.
 */
const DISCARD_LIMIT_BYTES = 32 * BODY_LIMIT_BYTES;

/** Reads a request body of at most 1 MiB. Throws `RequestRefused` (413, or 400 for one that breaks off). */
export function readBody(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= BODY_LIMIT_BYTES) chunks.push(chunk);
      else chunks.length = 0;
      if (size > DISCARD_LIMIT_BYTES) {
        reject(bodyTooLarge());
        stream.destroy();
      }
    });
    let ended = false;
    stream.once('end', () => {
      ended = true;
      if (size > BODY_LIMIT_BYTES) reject(bodyTooLarge());
      else resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    });
    stream.once('error', () => reject(badRequest('The request body broke off.')));
    stream.once('close', () => {
      if (!ended) reject(badRequest('The request body broke off.'));
    });
  });
}

const bodyTooLarge = () => badRequest(`The request body is larger than ${BODY_LIMIT_BYTES} bytes.`, 413);
