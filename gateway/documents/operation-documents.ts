import { createHash } from 'node:crypto';
import type { RequestContext } from '@inevitable/contract';
import type { DocumentNode } from 'graphql';
import { readDocument } from '../limits/read-document.js';
import type { RequestRefused } from '../graphql-over-http/request-refused.js';
import type { AuthenticatedOperation } from '../pipeline/authenticate.js';
import { ownerOf } from '../protection/caller-shares.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { ValidDocument } from '../snapshot/valid-document.js';
import { documentNotFound, documentNotListed, hashDiffers } from './document-refusals.js';
import { RegisteredDocuments } from './registered-documents.js';
import type { TrustedDocuments } from './trusted-documents.js';
import type { TellUnlisted } from './unlisted-documents.js';

export interface OperationDocumentsParts {
  /** Null: any document is run. */
  readonly trusted: TrustedDocuments | null;
  /** What is run though it is not listed. */
  readonly tellUnlisted?: TellUnlisted;
  /** What is not run because it is not listed. */
  readonly onRefused?: (refusal: RequestRefused, context: RequestContext) => void;
}

/** Finds the documents that clients name by their texts, by hashes of what they sent before, or by ids of a list. */
export class OperationDocuments {
  readonly #registered = new RegisteredDocuments();
  readonly #parts: OperationDocumentsParts;

  constructor(parts: OperationDocumentsParts) {
    this.#parts = parts;
  }

  /**
   * Throws `RequestRefused`: there is none of that hash, it is not listed, does not parse or is not valid. Whether it is
   * listed is said first: who sends another is not told what the schema thinks of it.
   */
  find(asked: AuthenticatedOperation, snapshot: Snapshot): ValidDocument {
    const { query, documentId } = asked.received;
    return query === null ? this.#byId(documentId ?? '', asked, snapshot) : this.#byText(query, asked, snapshot);
  }

  /** One that was found before, on another snapshot. Throws `RequestRefused`: it is not valid there. */
  findAgain(source: string, context: RequestContext, snapshot: Snapshot): ValidDocument {
    return validDocument(source, context, snapshot);
  }

  /** No more work than by text: the source that is kept is the very string that the snapshot's documents are found by. */
  #byId(id: string, asked: AuthenticatedOperation, snapshot: Snapshot): ValidDocument {
    const { trusted, tellUnlisted } = this.#parts;
    const listed = trusted?.list.sourceOf(id);
    if (listed !== undefined) return validDocument(listed, asked.context, snapshot);
    if (trusted?.mode === 'enforce') throw this.#notListed(asked.context);
    const registered = this.#registered.sourceOf(id);
    if (registered === undefined) throw documentNotFound();
    const found = validDocument(registered, asked.context, snapshot);
    if (trusted) tellUnlisted?.(found, 'hash', asked, snapshot.schema);
    return found;
  }

  #byText(query: string, asked: AuthenticatedOperation, snapshot: Snapshot): ValidDocument {
    const { trusted, tellUnlisted } = this.#parts;
    const { received, context } = asked;
    const hash = received.documentId;
    if (trusted?.mode === 'enforce') {
      const { list } = trusted;
      return validDocument(query, context, snapshot, hash, (document) => {
        if (!list.has(document)) throw this.#notListed(context);
      });
    }
    const found = validDocument(query, context, snapshot, hash);
    if (hash !== null) this.#registered.register(hash, query, ownerOf(context));
    if (trusted && !trusted.list.has(found.document)) tellUnlisted?.(found, 'text', asked, snapshot.schema);
    return found;
  }

  #notListed(context: RequestContext): RequestRefused {
    const refusal = documentNotListed();
    this.#parts.onRefused?.(refusal, context);
    return refusal;
  }
}

/** `check` throws for a document that is not to be run, valid or not. */
function validDocument(
  source: string,
  context: RequestContext,
  { documents, schema, rules }: Snapshot,
  hash: string | null = null,
  check: (document: DocumentNode) => void = () => undefined,
): ValidDocument {
  const known = documents.get(source);
  if (known) {
    if (hash !== null && hash !== known.hash) throw hashDiffers();
    check(known.document);
    return known;
  }
  const found = createHash('sha256').update(source).digest('hex');
  if (hash !== null && hash !== found) throw hashDiffers();
  const document = readDocument(source, schema, {
    limits: rules.limits,
    suggests: rules.maySeeSchema(context),
    check,
  });
  const valid = { document, source, hash: found, operations: new Map() };
  documents.met(valid);
  return valid;
}
