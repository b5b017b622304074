import { LRUCache } from 'lru-cache';
import { AskedBefore } from './asked-before.js';
import type { ValidDocument } from './valid-document.js';

const CACHED_DOCUMENTS = 2_000;
const CACHED_SOURCE_CHARACTERS = 8_000_000;

/**
 * Valid documents that were asked more than once. Whoever writes values into the text asks each once: kept, they would live just
 * long enough to be moved to V8's old generation, and hot operations wait while that is collected (decisions/0015). Bounded by the
 * sources' length too: one may have a megabyte.
 */
export class DocumentCache {
  readonly #known = new LRUCache<string, ValidDocument>({
    max: CACHED_DOCUMENTS,
    maxSize: CACHED_SOURCE_CHARACTERS,
    sizeCalculation: ({ source }) => Math.max(1, source.length),
  });
  readonly #askedBefore = new AskedBefore();

  /** By its source. */
  get(source: string): ValidDocument | undefined {
    return this.#known.get(source);
  }

  /** Somebody asks it. Kept when it is the second time. */
  met(document: ValidDocument): void {
    if (this.#askedBefore.ask(document.hash)) this.keep(document);
  }

  /** It will be asked again. */
  keep(document: ValidDocument): void {
    this.#known.set(document.source, document);
  }
}
