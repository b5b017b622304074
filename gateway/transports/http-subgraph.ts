import {
  CLIENT_ADDRESS_HEADER,
  CLIENT_AGENT_HEADER,
  CONTEXT_HEADER,
  DEADLINE_HEADER,
  DeadlinePassed,
  notReady,
  ready,
  REQUEST_ID_HEADER,
  SubgraphUnreachable,
  type PartHealth,
  type RequestContext,
  type SubgraphHandle,
  type SubgraphRequest,
} from '@inevitable/contract';
import { Kind, OperationTypeNode, type DocumentNode, type ExecutionResult } from 'graphql';
import { Pool, type Dispatcher } from 'undici';
import { CircuitBreaker, type CircuitState } from './circuit-breaker.js';
import type { ContextTokens } from './context-tokens.js';
import { headersToPass, mayCross, responseFrom } from './forwarded-headers.js';
import { identityKey } from './identity-key.js';
import { parseAnswer } from './parse-answer.js';
import { RetryBudget } from './retry-budget.js';
import { shareFetches } from './share-fetches.js';
import { shareSubscriptions } from './share-subscriptions.js';
import type { SubgraphTransport } from './subgraph-transport.js';
import { subscribeBySse } from './subscribe-by-sse.js';
import { subscribeByWebsocket } from './subscribe-by-websocket.js';
import { TimeLimits } from './time-limits.js';
import { UpstreamCall, type Upstream } from './upstream-call.js';
import type {
  ClosableSubscriptionTransport,
  SubscriptionRequest,
  SubscriptionTransport,
} from './upstream-subscription.js';

const CONNECT_TIMEOUT_MS = 5_000;
const HEALTH_TIMEOUT_MS = 1_500;
const TIMEOUT_MS = 30_000;
const MAX_BODY_BYTES = 50_000_000;
const CONNECTIONS = 128;
const CONTENT_TYPE = 'application/json';
const ACCEPT = 'application/graphql-response+json, application/json;q=0.9';

/** How a subgraph behind HTTP is subscribed to: over `graphql-transport-ws` unless told, where its operations go. */
export interface SubscriptionEndpoint {
  readonly protocol: 'graphql-transport-ws' | 'sse';
  /** http(s), or for a WebSocket ws(s): the routing URL unless told. */
  readonly url?: string;
}

export interface HttpSubgraphOptions {
  readonly name: string;
  readonly routingUrl: string;
  /** null: the subgraph is told nothing about the caller (`--auth off`), and may be any GraphQL server. */
  readonly contextTokens: ContextTokens | null;
  /** The longest one fetch may take, 30 s unless told; never beyond the request's own deadline. */
  readonly timeoutMs?: number;
  /** A longer answer is none: 50 MB unless told. Of a subscription, a longer event. */
  readonly maxBodyBytes?: number;
  readonly subscriptions?: SubscriptionEndpoint;
  /** Epoch milliseconds, by which the circuit breaker and the retry budget judge; tests set it. */
  readonly now?: () => number;
}

export interface SubgraphMeasured {
  readonly circuit: CircuitState;
  /** Fetches that were sent a second time. */
  readonly retries: number;
}

/** A subgraph in another process, over kept-alive HTTP connections. The gateway it is given to closes it. */
export class HttpSubgraph implements SubgraphHandle, SubgraphTransport {
  readonly name: string;
  /** Sends `fetch`, or joins an equal one under way. */
  readonly send: SubgraphTransport['send'];
  /** Equal ones are shared. */
  readonly subscriptions: SubscriptionTransport;
  readonly #origin: string;
  readonly #path: string;
  readonly #pool: Pool;
  readonly #tokens: ContextTokens | null;
  readonly #timeoutMs: number;
  readonly #breaker: CircuitBreaker;
  readonly #retries: RetryBudget;
  readonly #subscribing: ClosableSubscriptionTransport;
  #closed: Promise<void> | null = null;

  constructor({
    name,
    routingUrl,
    contextTokens,
    timeoutMs = TIMEOUT_MS,
    maxBodyBytes = MAX_BODY_BYTES,
    subscriptions = { protocol: 'graphql-transport-ws' },
    now = Date.now,
  }: HttpSubgraphOptions) {
    const url = new URL(routingUrl);
    this.name = name;
    this.#origin = url.origin;
    this.#path = url.pathname + url.search;
    this.#tokens = contextTokens;
    this.#timeoutMs = timeoutMs;
    this.#breaker = new CircuitBreaker(now);
    this.#retries = new RetryBudget(now);
    // No time limits of undici's: they are coarser than ours (half a second), and set anew for each request.
    this.#pool = new Pool(url.origin, {
      connections: CONNECTIONS,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const limits = new TimeLimits();
    const upstream: Upstream = {
      name,
      url: this.#origin + this.#path,
      dispatcher: this.#pool,
      path: this.#path,
      isToldTheCaller: contextTokens !== null,
      breaker: this.#breaker,
      retries: this.#retries,
      limits,
      timeoutMs,
      maxBodyBytes,
      headers: (fetch, context) => {
        const headers = this.#contextHeaders(context);
        headers.push('content-type', CONTENT_TYPE, 'accept', ACCEPT);
        if (fetch.headers) for (const name in fetch.headers) if (mayAdd(name)) headers.push(name, fetch.headers[name]!);
        return headers;
      },
    };
    const identityOf = contextTokens ? identityKey : () => '';
    this.#subscribing = this.#subscribeAt(subscriptions, routingUrl, maxBodyBytes);
    this.subscriptions = shareSubscriptions(this.#subscribing, identityOf);
    this.send = shareFetches({
      subgraph: name,
      limits,
      identityOf,
      start: (fetch, context, outcome) => new UpstreamCall(upstream, fetch, context, outcome).start(),
    });
  }

  /** Throws `SubgraphUnreachable`, `DeadlinePassed` when time ran out first, or the signal's reason. */
  async execute(request: SubgraphRequest, context: RequestContext): Promise<ExecutionResult> {
    const { query, document, operationName, variables } = request;
    const fetch = {
      // What is not known to be a query may be a mutation.
      kind: document && isQuery(document) ? 'query' : 'mutation',
      operationName: operationName ?? null,
      body: JSON.stringify({ query, operationName, variables }),
      request: () => request,
    } as const;
    const answer = await this.send(fetch, context, context.signal);
    return answer.kind === 'bytes' ? parseAnswer(answer.bytes, this.name) : answer.result;
  }

  /** One of the product's HTTP routes; the answer is streamed through. Throws as `execute` does. */
  async fetch(request: Request, context: RequestContext): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const body = request.body ? Buffer.from(await request.arrayBuffer()) : null;
    const { signal } = context;
    const leftMs = this.#leftMs(context);
    if (leftMs <= 0) throw this.#late();
    try {
      const answer = await this.#pool.request({
        method: request.method as Dispatcher.HttpMethod,
        path: pathname + search,
        headers: [...Object.entries(headersToPass(request.headers)).flat(), ...this.#contextHeaders(context)],
        body,
        signal,
        headersTimeout: leftMs,
        bodyTimeout: leftMs,
      });
      return responseFrom(answer, request.method);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw Date.now() >= context.deadline ? this.#late() : new SubgraphUnreachable(this.name, error);
    }
  }

  /** Whether it answers, and whether its circuit lets fetches through. */
  async health(): Promise<PartHealth> {
    const unreachable = await (this.#tokens ? this.#askReady() : this.#askAnything()).catch(
      (error: unknown) => `does not answer at ${this.#origin}: ${messageOf(error)}`,
    );
    if (unreachable !== null) return notReady(this.name, unreachable);
    const { state } = this.#breaker;
    return state === 'closed'
      ? ready(this.name)
      : notReady(this.name, `circuit ${state}: its fetches failed, and only a probe is sent every few seconds`);
  }

  measured(): SubgraphMeasured {
    return { circuit: this.#breaker.state, retries: this.#retries.taken };
  }

  /** Lets requests in flight finish, and ends subscriptions. Idempotent. */
  close(): Promise<void> {
    this.#subscribing.close();
    return (this.#closed ??= this.#pool.close());
  }

  #subscribeAt(
    { protocol, url: given }: SubscriptionEndpoint,
    routingUrl: string,
    maxBytes: number,
  ): ClosableSubscriptionTransport {
    const { name: subgraph } = this;
    const url = new URL(given ?? routingUrl);
    url.hash = '';
    if (protocol === 'sse')
      return subscribeBySse({
        subgraph,
        url: url.href,
        maxBytes,
        answerTimeoutMs: this.#timeoutMs,
        headersOf: (request, context) => ({ ...addedTo(request), ...this.#factsOf(context) }),
      });
    url.protocol = url.protocol.replace(/^http/, 'ws');
    return subscribeByWebsocket({
      subgraph,
      url: url.href,
      maxMessageBytes: maxBytes,
      extensionsOf: (request, context) => ({
        ...addedTo(request),
        ...(this.#tokens && this.#factsOf(context)),
        ...(request.lastEventId !== null && { lastEventId: request.lastEventId }),
      }),
    });
  }

  /** Of a subscription's start; it outlasts the deadline. */
  #factsOf(context: RequestContext): Record<string, string> {
    const { requestId, trace } = context;
    return {
      [REQUEST_ID_HEADER]: requestId,
      ...(trace !== null && { traceparent: trace }),
      ...(this.#tokens && { [CONTEXT_HEADER]: this.#tokens.tokenFor(context, this.name) }),
      ...(this.#tokens && clientHeaders(context)),
    };
  }

  /** Why it is not ready, in its own words, or null. */
  async #askReady(): Promise<string | null> {
    const signal = AbortSignal.timeout(HEALTH_TIMEOUT_MS);
    const { statusCode, body } = await this.#pool.request({ method: 'GET', path: '/ready', signal });
    const text = await body.text();
    return statusCode === 200 ? null : (reasonIn(text) ?? `answers ${statusCode} at ${this.#origin}/ready`);
  }

  /** Whatever it says, it is there: nothing but its GraphQL path is known of a server that is not ours. */
  async #askAnything(): Promise<null> {
    const { body } = await this.#pool.request({
      method: 'POST',
      path: this.#path,
      headers: ['content-type', CONTENT_TYPE, 'accept', ACCEPT],
      body: '{"query":"{__typename}"}',
      signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS),
    });
    await body.dump();
    return null;
  }

  /** Names and values by turns. */
  #contextHeaders(context: RequestContext): string[] {
    const { requestId, trace } = context;
    const headers = [REQUEST_ID_HEADER, requestId, DEADLINE_HEADER, String(Math.max(0, this.#leftMs(context)))];
    if (this.#tokens) {
      const { address, agent } = context.client;
      headers.push(CONTEXT_HEADER, this.#tokens.tokenFor(context, this.name));
      if (address !== null) headers.push(CLIENT_ADDRESS_HEADER, address);
      if (agent !== null) headers.push(CLIENT_AGENT_HEADER, agent);
    }
    if (trace !== null) headers.push('traceparent', trace);
    return headers;
  }

  #leftMs({ deadline }: RequestContext): number {
    return Math.min(deadline - Date.now(), this.#timeoutMs);
  }

  #late(): DeadlinePassed {
    return new DeadlinePassed(`Subgraph "${this.name}" did not answer before the deadline.`);
  }
}

export const httpSubgraph = (options: HttpSubgraphOptions): HttpSubgraph => new HttpSubgraph(options);

/** Headers that every fetch has already, or that its connection writes. */
const SET_HERE = new Set([REQUEST_ID_HEADER, 'traceparent', 'content-type', 'accept', 'content-length', 'host']);

function mayAdd(header: string): boolean {
  const name = header.toLowerCase();
  return mayCross(name, null) && !SET_HERE.has(name);
}

/** What extensions add to a subscription, in lower case: none of our own stands beside one of theirs. */
const addedTo = ({ headers = {} }: SubscriptionRequest): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => mayAdd(name))
      .map(([name, value]) => [name.toLowerCase(), value]),
  );

function clientHeaders({ client: { address, agent } }: RequestContext): Record<string, string> {
  return {
    ...(address !== null && { [CLIENT_ADDRESS_HEADER]: address }),
    ...(agent !== null && { [CLIENT_AGENT_HEADER]: agent }),
  };
}

const isQuery = ({ definitions }: DocumentNode): boolean =>
  definitions.every((one) => one.kind !== Kind.OPERATION_DEFINITION || one.operation === OperationTypeNode.QUERY);

/** The reasons in a peer's own readiness report. */
function reasonIn(text: string): string | null {
  const { parts } = (parseJson(text) ?? {}) as { parts?: readonly Partial<PartHealth>[] };
  if (!Array.isArray(parts)) return null;
  const reasons = (parts as readonly Partial<PartHealth>[])
    .filter((part) => part?.ready === false)
    .map(({ name, reason }) => `${name}: ${reason}`);
  return reasons.length > 0 ? reasons.join('; ') : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A refused connection to a name with several addresses says nothing itself; its parts do. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return messageOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
