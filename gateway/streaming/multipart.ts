import type { IncrementalSpec } from '../graphql-over-http/media-types.js';
import { requestErrorsOf } from './request-error.js';
import { onOneLine, type StreamFormat } from './stream-format.js';

/**
 * A part, and the boundary after it: clients read a part when they see its end. Whether that boundary was the last is
 * said by what follows it. No boundary can stand in a part: JSON on one line holds no line end.
 */
const part = (boundary: string, json: string): string =>
  `\r\nContent-Type: application/json; charset=utf-8\r\n\r\n${json}\r\n--${boundary}`;

/** Increments of a deferred answer ("Incremental Delivery over HTTP"); they come soon, and end in time. */
const increments = (spec: IncrementalSpec): StreamFormat => ({
  contentType: `multipart/mixed; boundary="-"; ${spec}`,
  opening: '\r\n---',
  write: ({ text }) => part('-', onOneLine(text)),
  heartbeat: null,
  ending: '--\r\n',
  stopping: null,
});

export const multipartIncrements: Readonly<Record<IncrementalSpec, StreamFormat>> = {
  'deferSpec=20220824': increments('deferSpec=20220824'),
  'incrementalSpec=v0.2': increments('incrementalSpec=v0.2'),
};

const BOUNDARY = 'graphql';
const failure = (errors: unknown): string => part(BOUNDARY, JSON.stringify({ payload: null, errors }));

/** Events of a subscription, as Apollo's clients read them ("multipart subscription protocol", `subscriptionSpec=1.0`). */
export const multipartSubscription: StreamFormat = {
  contentType: `multipart/mixed; boundary="${BOUNDARY}"; subscriptionSpec=1.0`,
  opening: `\r\n--${BOUNDARY}`,
  write(payload) {
    const errors = requestErrorsOf(payload);
    return errors ? failure(errors) : part(BOUNDARY, `{"payload":${onOneLine(payload.text)}}`);
  },
  heartbeat: { text: part(BOUNDARY, '{}'), everyMs: 5_000 },
  ending: '--\r\n',
  // Apollo Client 3 takes a connection that just ends for the end of the subscription.
  stopping: `${failure([
    {
      message: 'This gateway is being stopped. Subscribe again.',
      extensions: { code: 'GATEWAY_STOPPING' },
    },
  ])}--\r\n`,
};
