import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { DeadlinePassed, REQUEST_ID_HEADER, type AnonymousRequest, type DeploymentContext } from '@inevitable/contract';
import { RequestEnd } from './request-end.js';

export const DEADLINE_MS = 30_000;
const SANE_REQUEST_ID = /^[\w.:-]{1,128}$/;
/** W3C Trace Context, section 3.2. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

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
  #timer: NodeJS.Timeout | undefined;

  constructor(requestId: string, trace: string | null, deadline: number, deployment: DeploymentContext) {
    this.requestId = requestId;
    this.trace = trace;
    this.deadline = deadline;
    this.deployment = deployment;
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

  /** It was answered in time, or is a subscription, which has a deadline for each event. */
  dropDeadline(): void {
    clearTimeout(this.#timer);
  }
}

/** `requestId` is the one already promised to the client in the answer's header. */
export function requestFacts(
  { headers }: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  deployment: DeploymentContext,
): RequestFacts {
  const facts = new RequestFacts(
    requestId,
    sane(headers.traceparent, TRACEPARENT),
    Date.now() + DEADLINE_MS,
    deployment,
  );
  facts.startTimer();
  const leave = () => {
    facts.dropDeadline();
    if (!response.writableFinished) facts.end.abort(new ClientLeft('The client left.'));
  };
  if (response.destroyed) leave();
  else response.once('close', leave);
  return facts;
}

/** The facts of one operation among others of a connection; whoever asks for them ends them, in time or not. */
export function operationFacts({ headers }: IncomingMessage, deployment: DeploymentContext): RequestFacts {
  const trace = sane(headers.traceparent, TRACEPARENT);
  const facts = new RequestFacts(randomUUID(), trace, Date.now() + DEADLINE_MS, deployment);
  facts.startTimer();
  return facts;
}

/** The client's own id where it is sane, else a new one. */
export const requestIdOf = ({ headers }: IncomingMessage): string =>
  sane(headers[REQUEST_ID_HEADER], SANE_REQUEST_ID) ?? randomUUID();

const sane = (value: string | string[] | undefined, pattern: RegExp): string | null =>
  typeof value === 'string' && pattern.test(value) ? value : null;
