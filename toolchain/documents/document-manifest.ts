import { createHash } from 'node:crypto';
import { getLocation, Kind, print, validate, type DocumentNode, type GraphQLError, type GraphQLSchema } from 'graphql';
import type { WrittenOperation } from '../check/operations-in-texts.js';
import type { Finding, Place } from '../findings/finding.js';
import { addTypenames } from './add-typenames.js';

export interface DocumentManifestInput {
  readonly operations: readonly WrittenOperation[];
  /** What clients may ask. */
  readonly schema: GraphQLSchema;
  /** Whether `__typename` is added as Apollo Client adds it, so that the texts are those it sends. */
  readonly typenames: boolean;
}

export type DocumentManifest =
  | { readonly kind: 'written'; readonly text: string; readonly documents: number }
  | { readonly kind: 'invalid'; readonly findings: readonly Finding[] };

/**
 * The list of documents that a frontend sends, as Apollo's "persisted query manifest", version 1: of equal operations an
 * equal text, whatever files they were in. Names are how tools of clients know an operation, so each has one of its own.
 */
export function documentManifest({ operations, schema, typenames }: DocumentManifestInput): DocumentManifest {
  const findings = operations.flatMap((operation, index) => [
    ...nameFindings(operation, operations.slice(0, index)),
    ...validate(schema, operation.document).map((error) => invalid(error, operation.place)),
  ]);
  if (findings.length > 0) return { kind: 'invalid', findings };
  const entries = operations
    .map(({ name, document }) => {
      const body = print(typenames ? addTypenames(document) : document);
      return { id: createHash('sha256').update(body).digest('hex'), name, type: typeOf(document), body };
    })
    .sort((one, other) => ((one.name ?? '') < (other.name ?? '') ? -1 : 1));
  const manifest = { format: 'apollo-persisted-query-manifest', version: 1, operations: entries };
  return { kind: 'written', text: `${JSON.stringify(manifest, null, 2)}\n`, documents: entries.length };
}

function nameFindings({ name, place }: WrittenOperation, before: readonly WrittenOperation[]): readonly Finding[] {
  if (name === null) {
    const message = 'The operation has no name, by which clients and the log would know it.';
    return [{ code: 'ANONYMOUS_OPERATION', severity: 'error', message, place, repair: 'Name it.' }];
  }
  const other = before.find((operation) => operation.name === name);
  if (!other) return [];
  const message = `There are several operations "${name}".`;
  const repair = 'Rename one of them, or name its file once.';
  return [{ code: 'DUPLICATE_OPERATION_NAME', severity: 'error', message, place, alsoAt: [other.place], repair }];
}

/** At the node that is wrong, which may be in a fragment of another file; in a manifest no line is the file's. */
function invalid({ message, nodes }: GraphQLError, operation: Place): Finding {
  const loc = nodes?.[0]?.loc;
  const place =
    loc && operation.line !== undefined ? { file: loc.source.name, ...getLocation(loc.source, loc.start) } : operation;
  return { code: 'GRAPHQL_VALIDATION_FAILED', severity: 'error', message, place };
}

const typeOf = ({ definitions }: DocumentNode): string => {
  const operation = definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return operation?.operation ?? 'query';
};
