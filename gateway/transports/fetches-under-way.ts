import type { SharedFetch } from './shared-fetch.js';

const BUCKETS = 256;
/** A full bucket takes no more, so that a newcomer is never compared with many. It is then sent by itself. */
const BUCKET_SIZE = 64;
const HASHED_CHARACTERS = 48;

/**
 * Finds a fetch under way by its body and the identity it was sent for. A hash table of its own, because a `Map` costs
 * 2 to 4 µs here, a tenth of the fetch: it hashes all of a body, and is reallocated whenever it empties or fills.
 */
export class FetchesUnderWay {
  readonly #buckets: SharedFetch[][] = Array.from({ length: BUCKETS }, () => []);

  find(body: string, identity: string): SharedFetch | null {
    for (const one of this.#bucketOf(body)) if (one.fetch.body === body && one.identity === identity) return one;
    return null;
  }

  add(fetch: SharedFetch): void {
    const bucket = this.#bucketOf(fetch.fetch.body);
    if (bucket.length < BUCKET_SIZE) bucket.push(fetch);
  }

  remove(fetch: SharedFetch): void {
    const bucket = this.#bucketOf(fetch.fetch.body);
    const at = bucket.indexOf(fetch);
    if (at >= 0) bucket.splice(at, 1);
  }

  /** By the end of the body, where the variables are. */
  #bucketOf(body: string): SharedFetch[] {
    let hash = body.length;
    for (let at = Math.max(0, body.length - HASHED_CHARACTERS); at < body.length; at++)
      hash = (Math.imul(hash, 31) + body.charCodeAt(at)) | 0;
    return this.#buckets[hash & (BUCKETS - 1)]!;
  }
}
