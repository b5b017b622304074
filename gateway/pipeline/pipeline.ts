import { ERROR_CODES, toErrorBody } from '@inevitable/contract';
import type { Logger } from 'pino';
import type { AccessTokens } from '../authentication/access-tokens.js';
import type { GatheredExtensions } from '../extensions/gather-extensions.js';
import type { CurrentSnapshot } from '../snapshot/current-snapshot.js';
import { openOperation } from './open-operation.js';
import { receive, type GatewayRequest } from './receive.js';
import { toErrorResponse, toResponse, type GatewayResponse } from './to-response.js';

export interface PipelineParts {
  /** null: nobody is asked who they are, and every caller is anonymous. */
  readonly tokens: AccessTokens | null;
  readonly snapshots: CurrentSnapshot;
  readonly extensions: GatheredExtensions;
  readonly log: Logger;
}

/**
 * The life of a GraphQL request over HTTP. Never rejects: whatever happens is a GraphQL answer. From its identification
 * on it is one object, which belongs to this request alone: each phase adds to it what the next one's type asks for.
 */
export async function handleOperation(request: GatewayRequest, parts: PipelineParts): Promise<GatewayResponse> {
  try {
    const received = receive(request);
    return toResponse(await openOperation(received, parts), received.format);
  } catch (error) {
    const { requestId } = request.facts;
    if (isOurs(error)) parts.log.error({ err: error, requestId }, 'A GraphQL request failed.');
    return toErrorResponse(error, request.header('accept'));
  }
}

const isOurs = (error: unknown): boolean => ERROR_CODES[toErrorBody(error).extensions.code].status >= 500;
