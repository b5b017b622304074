import { ERROR_CODES, toErrorBody } from '@inevitable/contract';
import type { Logger } from 'pino';
import type { AccessTokens } from '../authentication/access-tokens.js';
import type { GatheredExtensions } from '../extensions/gather-extensions.js';
import type { CurrentSnapshot } from '../snapshot/current-snapshot.js';
import { authenticate } from './authenticate.js';
import { identifyOperation } from './identify-operation.js';
import { receive, type GatewayRequest } from './receive.js';
import { runOperation } from './run-operation.js';
import { toErrorResponse, toResponse, type GatewayResponse } from './to-response.js';

export interface PipelineParts {
  /** null: nobody is asked who they are, and every caller is anonymous. */
  readonly tokens: AccessTokens | null;
  readonly snapshots: CurrentSnapshot;
  readonly extensions: GatheredExtensions;
  readonly log: Logger;
}

/**
 * The life of a GraphQL request. Never rejects: whatever happens is a GraphQL answer. From its identification on it is
 * one object, which belongs to this request alone: each phase adds to it what the next one's type asks for.
 */
export async function handleOperation(
  request: GatewayRequest,
  { tokens, snapshots, extensions, log }: PipelineParts,
): Promise<GatewayResponse> {
  const snapshot = snapshots.acquire(); // a reload meanwhile does not concern this request
  try {
    const received = receive(request);
    const authenticated = await authenticate(received, tokens);
    const identified = identifyOperation(authenticated, snapshot);
    const executed = await runOperation(identified, { snapshot, extensions, log });
    return toResponse(executed, received.format);
  } catch (error) {
    if (isOurs(error)) log.error({ err: error, requestId: request.facts.requestId }, 'A GraphQL request failed.');
    return toErrorResponse(error, request.header('accept'));
  } finally {
    snapshots.release(snapshot);
  }
}

const isOurs = (error: unknown): boolean => ERROR_CODES[toErrorBody(error).extensions.code].status >= 500;
