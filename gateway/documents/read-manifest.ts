import { z } from 'zod';

/** A manifest, or an entry of it, that cannot be used. The message is one sentence that names file and entry. */
export class ManifestUnusable extends Error {}

const id = z.string().min(1).max(200);

/** Of `stack documents`, and of `@apollo/generate-persisted-query-manifest`. */
const apolloManifest = z
  .object({
    format: z.literal('apollo-persisted-query-manifest'),
    version: z.literal(1),
    operations: z.array(z.object({ id, body: z.string() })),
  })
  .transform(({ operations }) => operations.map((operation) => [operation.id, operation.body] as const));

/** Of Relay's compiler (`persistConfig`), and of GraphQL Code Generator (`persistedDocuments`): texts by their ids. */
const plainManifest = z.record(id, z.string()).transform((texts) => Object.entries(texts));

/** Ids and texts. What the texts hold is not looked at. Throws `ManifestUnusable`. */
export function readManifest(file: string, text: string): readonly (readonly [id: string, source: string])[] {
  const json = parseJson(file, text);
  const isApollos = typeof json === 'object' && json !== null && 'format' in json;
  const read = (isApollos ? apolloManifest : plainManifest).safeParse(json);
  if (read.success) return read.data;
  const [{ path, message }] = read.error.issues as [z.core.$ZodIssue];
  const place = path.length > 0 ? `, at ${path.map((step) => JSON.stringify(step)).join(' ')}` : '';
  throw new ManifestUnusable(
    `${file} is no manifest of documents${place}: ${message}. It has to be { "format": "apollo-persisted-query-manifest", "version": 1, "operations": [{ "id", "body" }] }, or texts by their ids.`,
  );
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ManifestUnusable(`${file} is not valid JSON.`);
  }
}
