import { Kind, type GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { AuthenticatedOperation } from '../pipeline/authenticate.js';
import type { ValidDocument } from '../snapshot/valid-document.js';
import { ClientsSeen } from '../usage/clients-seen.js';
import { operationSignature } from '../usage/operation-signature.js';

const HOUR_MS = 3_600_000;
/** Told within an hour, each once. A frontend sends hundreds of different documents; whoever makes them up, as many as requests. */
const MOST = 1_000;
/** Of these, those that only callers of no tenant brought, who may be anybody. */
const MOST_OF_NO_TENANT = 200;

/** `by`: how it was named. A hash may name what is listed by another: the list holds what the client would say then. */
export type TellUnlisted = (
  found: ValidDocument,
  by: 'text' | 'hash',
  asked: AuthenticatedOperation,
  schema: GraphQLSchema,
) => void;

/**
 * Tells the log of documents that would not be run were only listed ones: once an hour each, with the client that sent it.
 * Values that are written into a document may be personal data, and are blanked out.
 */
export function unlistedDocuments(log: Logger, now: () => number = Date.now): TellUnlisted {
  const clients = new ClientsSeen();
  let told = new Set<string>();
  let ofNoTenant = 0;
  let hour = 0;
  return (found, by, { received, context }, schema) => {
    const time = now();
    if (time < hour || time >= hour + HOUR_MS) {
      hour = time - (time % HOUR_MS);
      told = new Set();
      ofNoTenant = 0;
    }
    const isOfTenant = context.tenant !== null;
    const isFull = told.size >= MOST || (!isOfTenant && ofNoTenant >= MOST_OF_NO_TENANT);
    if (isFull || told.has(found.hash)) return;
    told.add(found.hash);
    if (!isOfTenant) ofNoTenant++;
    const client = clients.of(received.header, time, isOfTenant);
    log.warn(
      {
        hash: found.hash,
        by,
        client: client.name,
        clientVersion: client.version,
        ...firstOperation(found, schema),
      },
      'A document was run that is not in the list of trusted documents.',
    );
  };
}

function firstOperation({ document }: ValidDocument, schema: GraphQLSchema): object {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (!operation) return {};
  const signature = operationSignature(document, operation, schema);
  return { operation: operation.name?.value.slice(0, 100) ?? null, document: signature?.document ?? null };
}
