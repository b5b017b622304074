import { createHash } from 'node:crypto';
import type { DocumentNode } from 'graphql';
import { normalisedText } from './normalised-text.js';

/** What asks for nothing, whatever it is called: health probes send it. */
const ASKS_NOTHING = /^(?:query \w+ )?\{\n {2}__typename\n\}$/;

/** Documents that were listed before they are sent: by their ids, and by what they say. */
export class DocumentList {
  readonly #sources = new Map<string, string>();
  readonly #digests = new Set<string>();
  readonly #judged = new WeakMap<DocumentNode, boolean>();

  get size(): number {
    return this.#digests.size;
  }

  /** `id` null: it is sent as text alone. */
  add(id: string | null, source: string, document: DocumentNode): void {
    if (id !== null) this.#sources.set(id, source);
    this.#digests.add(digestOf(normalisedText(document)));
  }

  sourceOf(id: string): string | undefined {
    return this.#sources.get(id);
  }

  /** Found once for each document, which a cache holds. */
  has(document: DocumentNode): boolean {
    let isListed = this.#judged.get(document);
    if (isListed === undefined) {
      const text = normalisedText(document);
      isListed = ASKS_NOTHING.test(text) || this.#digests.has(digestOf(text));
      this.#judged.set(document, isListed);
    }
    return isListed;
  }
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64');
