import { ERROR_CODES, toErrorBody, type ErrorCode } from '@inevitable/contract';
import { OperationNotAuthorized } from '../authorization/operation-not-authorized.js';
import { answerText } from '../executor/answer.js';
import { CONTENT_TYPE, negotiateFormat, type ResponseFormat } from '../graphql-over-http/media-types.js';
import { RequestRefused } from '../graphql-over-http/request-refused.js';
import type { OpenedOperation } from './open-operation.js';

export interface GatewayResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** Errors of fields leave the status at 200, also where they leave no data. */
export function toResponse(opened: OpenedOperation, format: ResponseFormat): GatewayResponse {
  if (opened.kind === 'stream') throw new Error('Streams are not written yet.');
  const { answer, headers } = opened.executed;
  return respond(200, format, answerText(answer), headers);
}

/** The one place where a phase's error becomes an answer. Nothing of an error that is not for the client leaves. */
export function toErrorResponse(error: unknown, accept: string | undefined): GatewayResponse {
  const format = negotiateFormat(accept) ?? 'json';
  if (error instanceof RequestRefused) {
    const status = error.aboutDocument && format === 'legacyJson' ? 200 : error.status;
    return respond(status, format, JSON.stringify({ errors: error.errors }), error.headers);
  }
  const body = toErrorBody(error);
  const { code } = body.extensions;
  return respond(
    statusOf(code),
    format,
    JSON.stringify({ errors: [body] }),
    code !== 'UNAUTHENTICATED' ? {} : error instanceof OperationNotAuthorized ? NO_TOKEN : INVALID_TOKEN,
  );
}

/** RFC 6750, section 3: who sent no token at all is told only which scheme there is. */
const NO_TOKEN = { 'www-authenticate': 'Bearer' };
const INVALID_TOKEN = { 'www-authenticate': 'Bearer error="invalid_token"' };

const statusOf = (code: unknown): number =>
  typeof code === 'string' && code in ERROR_CODES ? ERROR_CODES[code as ErrorCode].status : 500;

/** Answers speak of one caller: no cache between us may keep them. */
const respond = (
  status: number,
  format: ResponseFormat,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): GatewayResponse => ({
  status,
  headers: { 'content-type': CONTENT_TYPE[format], 'cache-control': 'no-store', ...headers },
  body,
});
