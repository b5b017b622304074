import { CallerError } from '@inevitable/contract';
import { OperationTypeNode } from 'graphql';
import { NO_HEADERS, type HeaderList } from '../graphql-over-http/header-list.js';
import { holdInput } from '../protection/hold-input.js';
import { RefusedForNow } from '../protection/refused-for-now.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { ClientStream } from '../streaming/client-stream.js';
import { authenticate, type AuthenticatedOperation } from './authenticate.js';
import type { ExecutedOperation } from './execute-plan.js';
import { identifyOperation, type IdentifiedOperation } from './identify-operation.js';
import type { PipelineParts } from './pipeline.js';
import type { ReceivedOperation } from './receive.js';
import { runOperation } from './run-operation.js';

/** What an operation comes to: one answer, or several payloads. */
export type OpenedOperation =
  | { readonly kind: 'answer'; readonly executed: ExecutedOperation }
  | {
      readonly kind: 'stream';
      readonly of: 'subscription' | 'increments';
      readonly stream: ClientStream;
      /** What extensions add to the response. */
      readonly headers: HeaderList;
    };

/**
 * Every phase after the first, for each transport alike. Rejects with what the operation is refused with; what fails
 * later is in the answer, or the stream's last payload.
 */
export async function openOperation(received: ReceivedOperation, parts: PipelineParts): Promise<OpenedOperation> {
  const { credentials, snapshots, subscriptions, extensions, refusedTexts, log } = parts;
  const snapshot = snapshots.acquire(); // a reload meanwhile does not concern this request
  try {
    const { record } = received.facts;
    const authenticated = await authenticate(received, credentials);
    if (record) record.context = authenticated.context;
    let identified: IdentifiedOperation;
    try {
      const checked = refusedTexts?.check(authenticated.context);
      if (checked) await checked;
      identified = identify(authenticated, snapshot, parts);
      holdInput(received, identified);
    } catch (error) {
      if (error instanceof RefusedForNow) parts.onRefused(error, authenticated.context);
      throw error;
    }
    if (identified.operation.definition.operation === OperationTypeNode.SUBSCRIPTION) {
      const stream = await subscriptions.open(received, identified, snapshot);
      return { kind: 'stream', of: 'subscription', stream, headers: NO_HEADERS };
    }
    const executed = await runOperation(identified, { snapshot, extensions, log });
    const { increments, headers, answer } = executed;
    record?.told(answer.errors);
    if (!increments) return { kind: 'answer', executed };
    snapshots.hold(snapshot); // its subgraphs are still asked for what is deferred
    void increments.fetched.then(() => snapshots.release(snapshot));
    return { kind: 'stream', of: 'increments', stream: increments.stream, headers };
  } finally {
    snapshots.release(snapshot);
  }
}

function identify(
  authenticated: AuthenticatedOperation,
  snapshot: Snapshot,
  { documents, refusedTexts }: PipelineParts,
): IdentifiedOperation {
  try {
    return identifyOperation(authenticated, documents.find(authenticated, snapshot), snapshot);
  } catch (error) {
    if (error instanceof CallerError) refusedTexts?.count(authenticated.context);
    throw error;
  }
}
