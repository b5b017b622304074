import { ERROR_CODES, toErrorBody } from '@inevitable/contract';
import type { Logger } from 'pino';
import type { AccessTokens } from '../authentication/access-tokens.js';
import type { Snapshot } from '../executor/snapshot.js';
import { authenticate } from './authenticate.js';
import { executeOperation } from './execute-operation.js';
import { identifyOperation } from './identify-operation.js';
import { receive, type GatewayRequest } from './receive.js';
import { toErrorResponse, toResponse, type GatewayResponse } from './to-response.js';

export interface PipelineParts {
  readonly tokens: AccessTokens;
  readonly snapshot: Snapshot;
  readonly log: Logger;
}

/** The life of a GraphQL request. Never rejects: whatever happens is a GraphQL answer. */
export async function handleOperation(
  request: GatewayRequest,
  { tokens, snapshot, log }: PipelineParts,
): Promise<GatewayResponse> {
  try {
    const received = receive(request);
    const authenticated = await authenticate(received, tokens);
    const identified = identifyOperation(authenticated, snapshot);
    const result = await executeOperation(identified, snapshot.engine);
    return toResponse(result, received.format);
  } catch (error) {
    if (isOurs(error)) log.error({ err: error, requestId: request.facts.requestId }, 'A GraphQL request failed.');
    return toErrorResponse(error, request.header('accept'));
  }
}

const isOurs = (error: unknown): boolean => ERROR_CODES[toErrorBody(error).extensions.code].status >= 500;
