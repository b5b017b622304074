import type { Readable } from 'node:stream';
import type { Held } from '../protection/caller-shares.js';
import { refusedForNow } from '../protection/refused-for-now.js';
import { badRequest } from './request-refused.js';

export const BODY_LIMIT_BYTES = 1_048_576;
/**
 * How much of a refused body is still read before the 413 is sent: a client that finds the connection closed in the
 * middle of its upload reports a reset and never reads the answer.
 */
const DISCARD_LIMIT_BYTES = 32 * BODY_LIMIT_BYTES;
/** What almost every body has room in; so much of each is received whatever others send. */
const SMALL_BYTES = 65_536;
/**
 * Of all bodies that this process receives, or is finding out whose they are, together, beyond what is small. Whoever sends
 * slowly fills this, and no more.
 */
const LARGE_BYTES_AT_ONCE = 128 * BODY_LIMIT_BYTES;
const RETRY_AFTER_SECONDS = 5;
let largeBytes = 0;

/** A whole body, which is counted among those that are being received until it is released. */
export interface ReceivedBody extends Held {
  readonly bytes: Buffer;
}

/** As `receiveBody`, of a body that nobody counts any more. */
export async function readBody(stream: Readable): Promise<Buffer> {
  const body = await receiveBody(stream);
  const { bytes } = body;
  body.release();
  return bytes;
}

/** Reads a request body of at most 1 MiB. Throws `RequestRefused` (413, 503, or 400 for one that breaks off). */
export function receiveBody(stream: Readable): Promise<ReceivedBody> {
  return new Promise((resolve, reject) => {
    const body = new Received();
    let size = 0;
    const refuse = (error: Error): void => {
      body.release();
      reject(error);
    };
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > BODY_LIMIT_BYTES) body.release();
      else if (!body.add(chunk)) refuse(tooManyLarge());
      if (size > DISCARD_LIMIT_BYTES) {
        refuse(bodyTooLarge());
        stream.destroy();
      }
    });
    let ended = false;
    stream.once('end', () => {
      ended = true;
      if (size > BODY_LIMIT_BYTES) return refuse(bodyTooLarge());
      resolve(body);
    });
    stream.once('error', () => refuse(badRequest('The request body broke off.')));
    stream.once('close', () => {
      if (!ended) refuse(badRequest('The request body broke off.'));
    });
  });
}

const bodyTooLarge = () => badRequest(`The request body is larger than ${BODY_LIMIT_BYTES} bytes.`, 413);
const tooManyLarge = () =>
  refusedForNow({
    code: 'OVERLOADED',
    message: 'Too many large requests are being received here.',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });

/** In one piece: of pieces of a byte each, as a client may send them, a list of them would be a hundred times as large. */
class Received implements ReceivedBody {
  #buffer: Buffer = NOTHING;
  #size = 0;
  #large = 0;
  #isDropped = false;

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  /** False: there is no room, and nothing is kept. */
  add(chunk: Buffer): boolean {
    if (this.#isDropped) return true;
    const size = this.#size + chunk.length;
    const large = Math.max(0, size - SMALL_BYTES);
    largeBytes += large - this.#large;
    this.#large = large;
    if (large > 0 && largeBytes > LARGE_BYTES_AT_ONCE) return false;
    if (this.#size === 0) this.#buffer = chunk;
    else {
      if (size > this.#buffer.length) {
        const larger = Buffer.allocUnsafe(Math.min(BODY_LIMIT_BYTES, 2 * size));
        this.#buffer.copy(larger, 0, 0, this.#size);
        this.#buffer = larger;
      }
      chunk.copy(this.#buffer, this.#size);
    }
    this.#size = size;
    return true;
  }

  release(): void {
    this.#isDropped = true;
    this.#buffer = NOTHING;
    largeBytes -= this.#large;
    this.#large = 0;
  }
}

const NOTHING = Buffer.alloc(0);
