import { CallerError, ERROR_CODES, requestInLog, toErrorBody, type RequestContext } from '@inevitable/contract';
import type { Logger } from 'pino';
import type { Credentials } from '../authentication/credentials.js';
import type { GatheredExtensions } from '../extensions/gather-extensions.js';
import type { OperationDocuments } from '../documents/operation-documents.js';
import type { RefusedTexts } from '../protection/rate-limits/refused-texts.js';
import type { RefusedForNow } from '../protection/refused-for-now.js';
import { ClientLeft } from '../routing/request-facts.js';
import type { CurrentSnapshot } from '../snapshot/current-snapshot.js';
import type { LiveSubscriptions } from '../subscriptions/live-subscriptions.js';
import type { OpenedOperation } from './open-operation.js';
import { receive, type GatewayRequest, type ReceivedOperation } from './receive.js';
import { toErrorResponse, toResponse, type GatewayResponse } from './to-response.js';

export interface PipelineParts {
  /** null: nobody is asked who they are, and every caller is anonymous. */
  readonly credentials: Credentials | null;
  readonly documents: OperationDocuments;
  readonly snapshots: CurrentSnapshot;
  readonly subscriptions: LiveSubscriptions;
  readonly extensions: GatheredExtensions;
  /** Null: nobody counts what is refused before it is known what it costs. */
  readonly refusedTexts: RefusedTexts | null;
  /** Told of what is refused for want of units or memory before any extension has seen the operation. */
  readonly onRefused: (refusal: RefusedForNow, context: RequestContext) => void;
  readonly log: Logger;
}

/** `openOperation`, for a transport that need not know what it is made of. */
export type OpenOperation = (received: ReceivedOperation) => Promise<OpenedOperation>;

export interface RequestParts {
  readonly open: OpenOperation;
  readonly log: Logger;
}

/**
 * The life of a GraphQL request over HTTP. Never rejects: whatever happens is a GraphQL answer. From its identification
 * on it is one object, which belongs to this request alone: each phase adds to it what the next one's type asks for.
 */
export async function handleOperation(request: GatewayRequest, { open, log }: RequestParts): Promise<GatewayResponse> {
  try {
    const received = receive(request);
    return toResponse(await open(received), received);
  } catch (error) {
    const { facts } = request;
    if (isOurs(error)) log.error({ err: error, ...requestInLog(facts) }, 'A GraphQL request failed.');
    return toErrorResponse(error, request.header('accept'), facts.record);
  }
}

/** Worth a line in our log: not what a caller is refused with, though it be for having too much to do, and not that it left. */
export const isOurs = (error: unknown): boolean =>
  !(error instanceof CallerError) &&
  !(error instanceof ClientLeft) &&
  ERROR_CODES[toErrorBody(error).extensions.code].status >= 500;
