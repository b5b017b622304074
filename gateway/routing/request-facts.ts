import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  DeadlinePassed,
  NO_CLIENT,
  readTraceparent,
  REQUEST_ID_HEADER,
  type AnonymousRequest,
  type DeploymentContext,
  type RequestClient,
  type RequestInLog,
} from '@inevitable/contract';
import type { Held } from '../protection/caller-shares.js';
import type { ReadClient } from './read-client.js';
import type { RequestSeen } from '../extensions/request-seen.js';
import { RequestEnd } from './request-end.js';
import { RequestRecord } from './request-record.js';
import { traceContext, type SamplesTrace, type TraceContext } from './trace-context.js';

export const DEADLINE_MS = 30_000;
const SANE_REQUEST_ID = /^[\w.:-]{1,128}$/;

/** The client left before its answer was written. Nobody is waiting, so it is nobody's failure. */
export class ClientLeft extends Error {}

/**
 * What a request says beside its credential. It ends when the client leaves or, unless it becomes a subscription, when
 * 30 s have passed.
 */
export class RequestFacts implements AnonymousRequest {
  readonly requestId: string;
  readonly trace: string | null;
  readonly deadline: number;
  readonly deployment: DeploymentContext;
  readonly end = new RequestEnd();
  /** Null: nobody wants to know what becomes of it. */
  readonly record: RequestRecord | null;
  /** How much was sent. */
  inputBytes = 0;
  #held: Held | null = null;
  #isReleased = false;
  #timer: NodeJS.Timeout | undefined;
  #client: RequestClient | null = null;
  readonly #readClient: () => RequestClient;

  /** `readClient`: asked at most once, when somebody wants to know. */
  constructor(
    requestId: string,
    trace: string | null,
    deadline: number,
    deployment: DeploymentContext,
    readClient: () => RequestClient = () => NO_CLIENT,
    record: RequestRecord | null = null,
  ) {
    this.requestId = requestId;
    this.trace = trace;
    this.deadline = deadline;
    this.deployment = deployment;
    this.#readClient = readClient;
    this.record = record;
  }

  get client(): RequestClient {
    return (this.#client ??= Object.freeze(this.#readClient()));
  }

  get signal(): AbortSignal {
    return this.end.signal;
  }

  /** From now on it ends when `DEADLINE_MS` have passed, until `dropDeadline`. */
  startTimer(): void {
    this.#timer = setTimeout(
      () => this.end.abort(new DeadlinePassed(`No answer within ${DEADLINE_MS} ms.`)),
      DEADLINE_MS,
    );
  }

  /** Released at its end. What was held before is released now. */
  hold(held: Held): void {
    this.#held?.release();
    this.#held = held;
    if (this.#isReleased) held.release();
  }

  /** Nothing of it is kept any more. */
  release(): void {
    this.#isReleased = true;
    this.#held?.release();
  }

  /** It was answered in time, or is a subscription, which has a deadline for each event. */
  dropDeadline(): void {
    clearTimeout(this.#timer);
  }
}

/** What every request of a gateway has in common. */
export interface RequestFactsParts {
  readonly deployment: DeploymentContext;
  readonly readClient: ReadClient;
  /** Null: no spans are recorded. */
  readonly samplesTrace: SamplesTrace | null;
  /** Told of each request at its end; null: nobody is. */
  readonly onRequestEnd: ((request: RequestSeen) => void) | null;
}

/** What a request is called, here and wherever something is done for it. */
export interface RequestNames {
  /** Promised to the client in the answer's header: its own where it sent a sane one, else the trace's. */
  readonly requestId: string;
  readonly trace: TraceContext;
}

export function namesOf(
  { headers }: IncomingMessage,
  { samplesTrace }: Pick<RequestFactsParts, 'samplesTrace'>,
): RequestNames {
  const trace = traceContext(headers.traceparent, samplesTrace);
  const given = headers[REQUEST_ID_HEADER];
  return { requestId: typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : trace.traceId, trace };
}

/** As `requestInLog` of what has only its `traceparent`. */
export const namesInLog = ({ requestId, trace: { traceId } }: RequestNames): RequestInLog => ({ requestId, traceId });

/** Null: nobody wants to know. */
export const recordOf = (
  route: RequestSeen['route'],
  method: string | null,
  { requestId, trace }: RequestNames,
  { onRequestEnd }: Pick<RequestFactsParts, 'onRequestEnd'>,
): RequestRecord | null => onRequestEnd && new RequestRecord({ route, method, requestId, trace }, onRequestEnd);

export function requestFacts(
  request: IncomingMessage,
  response: ServerResponse,
  { requestId, trace }: RequestNames,
  record: RequestRecord | null,
  { deployment, readClient }: RequestFactsParts,
): RequestFacts {
  const facts = new RequestFacts(
    requestId,
    trace.traceparent,
    Date.now() + DEADLINE_MS,
    deployment,
    clientOf(request, readClient),
    record,
  );
  facts.startTimer();
  const leave = () => {
    facts.dropDeadline();
    facts.release();
    if (response.writableFinished) return;
    record?.left();
    facts.end.abort(new ClientLeft('The client left.'));
  };
  if (response.destroyed) leave();
  else response.once('close', leave);
  return facts;
}

/**
 * The facts of one operation among others of a connection; whoever asks for them ends them, in time or not. Each is a request
 * with a trace of its own, which a `traceparent` in the extensions of its message begins, since browsers put no headers on a
 * WebSocket. Where the upgrade had one, all of the connection are in that trace, whose id then names none of them.
 */
export function operationFacts(
  upgrade: IncomingMessage,
  parts: RequestFactsParts,
  traceparent: unknown = undefined,
): RequestFacts {
  const { deployment, readClient, samplesTrace } = parts;
  const own = typeof traceparent === 'string' && readTraceparent(traceparent) ? traceparent : undefined;
  const trace = traceContext(own ?? upgrade.headers.traceparent, samplesTrace);
  const isShared = own === undefined && upgrade.headers.traceparent?.includes(trace.traceId) === true;
  const names = { requestId: isShared ? randomUUID() : trace.traceId, trace };
  const facts = new RequestFacts(
    names.requestId,
    trace.traceparent,
    Date.now() + DEADLINE_MS,
    deployment,
    clientOf(upgrade, readClient),
    recordOf('websocket', null, names, parts),
  );
  facts.startTimer();
  return facts;
}

/** The address is taken now: a client that has left has none any more, and would be counted as nobody. */
function clientOf({ headers, socket }: IncomingMessage, readClient: ReadClient): () => RequestClient {
  const { remoteAddress } = socket;
  return () => readClient(headers, remoteAddress);
}
