import { SLOW_CONSUMER_MS } from './send-stream.js';

export interface WebSocketLimits {
  /** Until `connection_init` has come. */
  readonly initMs: number;
  /** Between two pings; a client that did not answer one by the next has gone. */
  readonly heartbeatMs: number;
  /** How long a client may stay that asks for nothing, to within a heartbeat. Pings ask for nothing. */
  readonly idleMs: number;
  /** Of one socket, at once. */
  readonly maxOperations: number;
  /** Of one socket's operations together, as JSON: a subscription keeps its variables for as long as it lives. */
  readonly maxCharacters: number;
  /** What may wait for a client to read it before nothing more is read from that client. */
  readonly maxBufferedBytes: number;
  /** How long more than that may wait. */
  readonly slowConsumerMs: number;
  /** How long a client may take to close its side, after which the connection is cut. */
  readonly closeMs: number;
}

export const WEB_SOCKET_LIMITS: WebSocketLimits = {
  initMs: 5_000,
  heartbeatMs: 12_000,
  idleMs: 300_000,
  maxOperations: 100,
  maxCharacters: 4_194_304,
  maxBufferedBytes: 1_048_576,
  slowConsumerMs: SLOW_CONSUMER_MS,
  closeMs: 5_000,
};
