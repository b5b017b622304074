import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  DeadlinePassed,
  NO_CLIENT,
  REQUEST_ID_HEADER,
  type AnonymousRequest,
  type DeploymentContext,
  type RequestClient,
} from '@inevitable/contract';
import type { ReadClient } from './read-client.js';
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
  #client: RequestClient | null = null;
  readonly #readClient: () => RequestClient;

  /** `readClient`: asked at most once, when somebody wants to know. */
  constructor(
    requestId: string,
    trace: string | null,
    deadline: number,
    deployment: DeploymentContext,
    readClient: () => RequestClient = () => NO_CLIENT,
  ) {
    this.requestId = requestId;
    this.trace = trace;
    this.deadline = deadline;
    this.deployment = deployment;
    this.#readClient = readClient;
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

  /** It was answered in time, or is a subscription, which has a deadline for each event. */
  dropDeadline(): void {
    clearTimeout(this.#timer);
  }
}

/** What every request of a gateway has in common. */
export interface RequestFactsParts {
  readonly deployment: DeploymentContext;
  readonly readClient: ReadClient;
}

/** `requestId` is the one already promised to the client in the answer's header. */
export function requestFacts(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  { deployment, readClient }: RequestFactsParts,
): RequestFacts {
  const facts = new RequestFacts(
    requestId,
    sane(request.headers.traceparent, TRACEPARENT),
    Date.now() + DEADLINE_MS,
    deployment,
    clientOf(request, readClient),
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
export function operationFacts(upgrade: IncomingMessage, { deployment, readClient }: RequestFactsParts): RequestFacts {
  const trace = sane(upgrade.headers.traceparent, TRACEPARENT);
  const client = clientOf(upgrade, readClient);
  const facts = new RequestFacts(randomUUID(), trace, Date.now() + DEADLINE_MS, deployment, client);
  facts.startTimer();
  return facts;
}

/** The address is taken now: a client that has left has none any more, and would be counted as nobody. */
function clientOf({ headers, socket }: IncomingMessage, readClient: ReadClient): () => RequestClient {
  const { remoteAddress } = socket;
  return () => readClient(headers, remoteAddress);
}

/** The client's own id where it is sane, else a new one. */
export const requestIdOf = ({ headers }: IncomingMessage): string =>
  sane(headers[REQUEST_ID_HEADER], SANE_REQUEST_ID) ?? randomUUID();

const sane = (value: string | string[] | undefined, pattern: RegExp): string | null =>
  typeof value === 'string' && pattern.test(value) ? value : null;
