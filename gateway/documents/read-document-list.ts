import { createHash } from 'node:crypto';
import { GraphQLError, Kind, parse, type DocumentNode } from 'graphql';
import { DocumentList } from './document-list.js';
import { plainId } from './read-document-name.js';
import { ManifestUnusable, readManifest } from './read-manifest.js';

export interface ManifestText {
  readonly file: string;
  readonly text: string;
}

/** Milliseconds of work before requests have their turn: 10,000 documents take more than a second. */
const AT_ONCE_MS = 5;

/** The documents of all manifests, and `own`, which are texts without ids. Rejects with `ManifestUnusable`. */
export async function readDocumentList(
  manifests: readonly ManifestText[],
  own: readonly string[],
): Promise<DocumentList> {
  const list = new DocumentList();
  for (const source of own) list.add(null, source, parse(source, { noLocation: true }));
  let until = performance.now() + AT_ONCE_MS;
  for (const { file, text } of manifests)
    for (const [named, source] of readManifest(file, text)) {
      const id = plainId(named);
      const entry = `${file}: the document ${JSON.stringify(named)}`;
      if (id !== named && createHash('sha256').update(source).digest('hex') !== id)
        throw new ManifestUnusable(`${entry} does not have the SHA-256 that its id says.`);
      const before = list.sourceOf(id);
      if (before !== undefined && before !== source)
        throw new ManifestUnusable(`${entry} is listed twice, with different texts.`);
      list.add(id, source, parseEntry(entry, source));
      if (performance.now() < until) continue;
      await new Promise(setImmediate);
      until = performance.now() + AT_ONCE_MS;
    }
  return list;
}

function parseEntry(entry: string, source: string): DocumentNode {
  try {
    const document = parse(source, { noLocation: true });
    if (document.definitions.some(({ kind }) => kind === Kind.OPERATION_DEFINITION)) return document;
  } catch (error) {
    if (error instanceof GraphQLError) throw new ManifestUnusable(`${entry} is not valid GraphQL: ${error.message}`);
    throw error;
  }
  throw new ManifestUnusable(`${entry} holds no operation.`);
}
