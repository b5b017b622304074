import { ERROR_CODES, toErrorBody, type ErrorCode } from '@inevitable/contract';
import { OperationNotAuthorized } from '../authorization/operation-not-authorized.js';
import { answerText } from '../executor/answer.js';
import type { ByteText } from '../executor/byte-text.js';
import {
  CONTENT_TYPE,
  negotiateFormat,
  type AcceptedFormats,
  type ResponseFormat,
} from '../graphql-over-http/media-types.js';
import { headerList, NO_HEADERS, type HeaderList } from '../graphql-over-http/header-list.js';
import { withPairs } from '../graphql-over-http/pairs.js';
import { RequestRefused, type RefusedError } from '../graphql-over-http/request-refused.js';
import { ClientLeft } from '../routing/request-facts.js';
import type { RequestRecord } from '../routing/request-record.js';
import { StreamPayload, type ClientStream } from '../streaming/client-stream.js';
import { eventStream } from '../streaming/event-stream.js';
import { incrementsFormatOf, subscriptionFormatOf } from '../streaming/format-of.js';
import type { StreamFormat } from '../streaming/stream-format.js';
import type { OpenedOperation } from './open-operation.js';
import type { ReceivedRequest } from './receive.js';

export interface GatewayResponse {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: WholeBody | StreamedBody;
}

/** Text is sent in UTF-8. */
export type WholeBody = string | Buffer | ByteText;

/** A body that is written as its payloads come. */
export interface StreamedBody {
  readonly stream: ClientStream;
  readonly format: StreamFormat;
}

/** Errors of fields leave the status at 200, also where they leave no data. */
export function toResponse(opened: OpenedOperation, { formats, facts }: ReceivedRequest): GatewayResponse {
  if (opened.kind === 'answer') {
    const { answer, headers } = opened.executed;
    const text = answerText(answer);
    return formats.answer === null
      ? respondAsStream(onlyStreamOf(formats), String(text), headers)
      : respond(200, formats.answer, text, headers);
  }
  const isSubscription = opened.of === 'subscription';
  if (isSubscription) facts.dropDeadline(); // each of its events has one
  const format = isSubscription ? subscriptionFormatOf(formats) : incrementsFormatOf(formats);
  if (format === null) throw new Error(`The client reads no stream of this kind: ${opened.of}.`);
  return {
    status: 200,
    headers: streamHeaders(format, opened.headers),
    body: { stream: opened.stream, format },
  };
}

/** The one place where a phase's error becomes an answer. Nothing of an error that is not for the client leaves. */
export function toErrorResponse(
  error: unknown,
  accept: string | undefined,
  record: RequestRecord | null,
): GatewayResponse {
  if (record) noteError(error, record);
  const formats = negotiateFormat(accept);
  const format = formats?.answer ?? 'json';
  const text = JSON.stringify({ errors: toErrors(error) });
  if (error instanceof RequestRefused) {
    // graphql-sse wants what is wrong with a document as the payload of an accepted stream, which browsers can read.
    if (error.aboutDocument && formats?.answer === null && formats.subscription === 'eventStream')
      return respondAsStream(eventStream, text, error.headers);
    const status = error.aboutDocument && format === 'legacyJson' ? 200 : error.status;
    return respond(status, format, text, error.headers);
  }
  const { code } = toErrorBody(error).extensions;
  return respond(
    statusOf(code),
    format,
    text,
    code !== 'UNAUTHENTICATED' ? NO_HEADERS : error instanceof OperationNotAuthorized ? NO_TOKEN : INVALID_TOKEN,
  );
}

/** In `record`, what a request ends with in place of an answer. */
export function noteError(error: unknown, record: RequestRecord): void {
  if (error instanceof ClientLeft) return record.left();
  const errors = toErrors(error);
  record.refused(error instanceof RequestRefused ? error.status : statusOf(errors[0]?.extensions?.code), errors);
}

/** What the client is told of an error, over whatever transport. */
export const toErrors = (error: unknown): readonly RefusedError[] =>
  error instanceof RequestRefused ? error.errors : [toErrorBody(error)];

function onlyStreamOf(formats: AcceptedFormats): StreamFormat {
  const format = subscriptionFormatOf(formats) ?? incrementsFormatOf(formats);
  if (format === null) throw new Error('The client reads neither answers nor streams.');
  return format;
}

/** Proxies that collect a response before they pass it on are asked not to; nginx by a header of its own. */
const STREAM_HEADERS = headerList({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' });

const streamHeaders = (format: StreamFormat, given: HeaderList): HeaderList => [
  'content-type',
  format.contentType,
  ...withPairs(STREAM_HEADERS, given),
];

/** A stream of one payload is known as a whole. */
const respondAsStream = (format: StreamFormat, text: string, headers: HeaderList): GatewayResponse => ({
  status: 200,
  headers: streamHeaders(format, headers),
  body: format.opening + format.write(new StreamPayload(text)) + format.ending,
});

/** RFC 6750, section 3: who sent no token at all is told only which scheme there is. */
const NO_TOKEN = headerList({ 'www-authenticate': 'Bearer' });
const INVALID_TOKEN = headerList({ 'www-authenticate': 'Bearer error="invalid_token"' });

const statusOf = (code: unknown): number =>
  typeof code === 'string' && code in ERROR_CODES ? ERROR_CODES[code as ErrorCode].status : 500;

/** Answers speak of one caller: no cache between us may keep them. */
const respond = (status: number, format: ResponseFormat, body: WholeBody, headers: HeaderList): GatewayResponse => ({
  status,
  headers: withPairs(['content-type', CONTENT_TYPE[format], 'cache-control', 'no-store'], headers),
  body,
});
