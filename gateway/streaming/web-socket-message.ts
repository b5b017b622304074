import type { IncomingMessage } from 'node:http';
import { Unauthenticated } from '@inevitable/contract';
import type { SubscribePayload } from 'graphql-ws';
import type { RawHeaders } from '../authentication/authenticate-caller.js';
import { checkLastEventId, type ReceivedOperation } from '../pipeline/receive.js';
import { readDocumentName } from '../documents/read-document-name.js';
import type { RequestFacts } from '../routing/request-facts.js';

/** As many as Node takes for all headers of a request. */
const MAX_CREDENTIAL_CHARACTERS = 16_384;

/**
 * The headers of everything that comes over a socket: those of its upgrade, and the credential of `connection_init`, which
 * is where a browser can put one. Two credentials are for whoever authenticates to refuse. Throws `Unauthenticated` for one
 * that is not text, or too long for a header.
 */
export function headersOf(upgrade: IncomingMessage, params: Readonly<Record<string, unknown>> | undefined): RawHeaders {
  const credential = credentialIn(params) ?? credentialIn(params?.headers);
  return credential === null ? upgrade.rawHeaders : [...upgrade.rawHeaders, 'authorization', credential];
}

function credentialIn(params: unknown): string | null {
  if (typeof params !== 'object' || params === null) return null;
  const { authorization, Authorization } = params as Readonly<Record<string, unknown>>;
  const credential = authorization ?? Authorization ?? null;
  if (credential === null) return null;
  if (typeof credential !== 'string' || credential.length > MAX_CREDENTIAL_CHARACTERS) throw new Unauthenticated();
  return credential;
}

export interface SocketFacts {
  readonly upgrade: IncomingMessage;
  readonly rawHeaders: RawHeaders;
}

/** The operation of a `subscribe` message. Throws `RequestRefused` for what names no document, and for a last event id that is none. */
export const receiveMessage = (
  { query, documentId, operationName, variables, extensions }: SubscribePayload & { readonly documentId?: unknown },
  { upgrade, rawHeaders }: SocketFacts,
  facts: RequestFacts,
): ReceivedOperation => ({
  ...readDocumentName({ query, documentId, extensions }),
  operationName: operationName ?? null,
  variables: variables ?? {},
  mayMutate: true,
  mayStream: true,
  incremental: null,
  lastEventId: checkLastEventId(extensions?.lastEventId),
  header: (name) => {
    const value = upgrade.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  },
  rawHeaders,
  facts,
});
