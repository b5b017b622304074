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

/** What a request says beside its credential. It ends when the client leaves or 30 s have passed. */
export class RequestFacts implements AnonymousRequest {
  readonly requestId: string;
  readonly trace: string | null;
  readonly deadline: number;
  readonly deployment: DeploymentContext;
  readonly end = new RequestEnd();

  constructor(requestId: string, trace: string | null, deadline: number, deployment: DeploymentContext) {
    this.requestId = requestId;
    this.trace = trace;
    this.deadline = deadline;
    this.deployment = deployment;
  }

  get signal(): AbortSignal {
    return this.end.signal;
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
  const { end } = facts;
  const timer = setTimeout(() => end.abort(new DeadlinePassed(`No answer within ${DEADLINE_MS} ms.`)), DEADLINE_MS);
  const leave = () => {
    clearTimeout(timer);
    if (!response.writableFinished) end.abort(new ClientLeft('The client left.'));
  };
  if (response.destroyed) leave();
  else response.once('close', leave);
  return facts;
}

/** The client's own id where it is sane, else a new one. */
export const requestIdOf = ({ headers }: IncomingMessage): string =>
  sane(headers[REQUEST_ID_HEADER], SANE_REQUEST_ID) ?? randomUUID();

const sane = (value: string | string[] | undefined, pattern: RegExp): string | null =>
  typeof value === 'string' && pattern.test(value) ? value : null;
