import { LRUCache } from 'lru-cache';

const MOST = 10_000;
const MOST_CHARACTERS = 16_000_000;
/** Of one who registers, a tenth: what others' clients send stays, whatever a tenant makes up. */
const SHARE = 10;
/** Whose shares are counted at the same time. */
const MOST_OWNERS = 2_000;

export interface RegisteredDocumentsLimits {
  readonly documents?: number;
  readonly characters?: number;
  readonly owners?: number;
}

interface Registered {
  readonly source: string;
  readonly owner: string;
}

/**
 * Documents that clients have registered by sending their text with its hash (automatic persisted queries). A hash gives
 * nobody a right: what a document may do is decided for who sends it, so all tenants share the documents of their common
 * frontends. Bounded; of one owner's (a tenant, or an address) more than a share makes his own oldest ones go.
 *
 * Each gateway keeps its own, and no Redis beside it: a client whose hash is unknown sends the text by itself, once for each
 * gateway and document, and a look-up elsewhere would cost every request more than that.
 */
export class RegisteredDocuments {
  readonly #documents: LRUCache<string, Registered>;
  readonly #ofOwners: LRUCache<string, LRUCache<string, string>>;
  readonly #share: { readonly max: number; readonly maxSize: number };

  constructor({
    documents = MOST,
    characters = MOST_CHARACTERS,
    owners = MOST_OWNERS,
  }: RegisteredDocumentsLimits = {}) {
    // Whose share is not counted any more has no documents: it would have another share beside them.
    this.#ofOwners = new LRUCache({ max: owners, dispose: (own) => own.clear() });
    this.#documents = new LRUCache({
      max: documents,
      maxSize: characters,
      sizeCalculation: ({ source }) => sizeOf(source),
    });
    this.#share = { max: Math.ceil(documents / SHARE), maxSize: Math.ceil(characters / SHARE) };
  }

  /** Undefined: it was not registered, or has had to go. */
  sourceOf(hash: string): string | undefined {
    const found = this.#documents.get(hash);
    if (found) this.#ofOwners.get(found.owner); // whoever's documents are used is not forgotten first
    return found?.source;
  }

  /** `hash` is that of `source`, and the document is valid: nonsense must not fill this. */
  register(hash: string, source: string, owner: string): void {
    if (this.#documents.has(hash)) return;
    this.#documents.set(hash, { source, owner });
    this.#of(owner).set(hash, source);
  }

  #of(owner: string): LRUCache<string, string> {
    const known = this.#ofOwners.get(owner);
    if (known) return known;
    const own = new LRUCache<string, string>({
      ...this.#share,
      sizeCalculation: sizeOf,
      dispose: (_source, hash) => {
        // It may have gone, and be another's since.
        if (this.#documents.peek(hash)?.owner === owner) this.#documents.delete(hash);
      },
    });
    this.#ofOwners.set(owner, own);
    return own;
  }
}

const sizeOf = (source: string): number => Math.max(1, source.length);
