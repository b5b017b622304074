import {
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
import type { ExecutionResult } from 'graphql';
import { Pool, type Dispatcher } from 'undici';
import { headersToPass, responseFrom } from './forwarded-headers.js';
import type { ContextTokens } from './context-tokens.js';

const CONNECT_TIMEOUT_MS = 5_000;
const HEALTH_TIMEOUT_MS = 1_500;
const CONNECTIONS = 128;
const ACCEPT = 'application/graphql-response+json, application/json;q=0.9';

export interface HttpSubgraphOptions {
  readonly name: string;
  readonly routingUrl: string;
  readonly contextTokens: ContextTokens;
}

/** A subgraph in another process, over kept-alive HTTP connections. The gateway it is given to closes it. */
export class HttpSubgraph implements SubgraphHandle {
  readonly name: string;
  readonly #origin: string;
  readonly #path: string;
  readonly #pool: Pool;
  readonly #tokens: ContextTokens;

  constructor({ name, routingUrl, contextTokens }: HttpSubgraphOptions) {
    const url = new URL(routingUrl);
    this.name = name;
    this.#origin = url.origin;
    this.#path = url.pathname + url.search;
    this.#pool = new Pool(url.origin, { connections: CONNECTIONS, connect: { timeout: CONNECT_TIMEOUT_MS } });
    this.#tokens = contextTokens;
  }

  /** Throws `SubgraphUnreachable`, or `DeadlinePassed` when time ran out first. */
  async execute(
    { query, operationName, variables }: SubgraphRequest,
    context: RequestContext,
  ): Promise<ExecutionResult> {
    const { statusCode, headers, body } = await this.#request(context, {
      method: 'POST',
      path: this.#path,
      headers: { ...this.#contextHeaders(context), 'content-type': 'application/json', accept: ACCEPT },
      body: JSON.stringify({ query, operationName, variables }),
    });
    const text = await body.text().catch((error: unknown) => {
      throw this.#failure(error, context);
    });
    // 401 and 403 here are about the gateway: field errors of the caller come with 200. Passing them on would tell a
    // client with a good token to sign in again.
    if (statusCode === 401 || statusCode === 403)
      throw this.#offContract(`refused the gateway's context token with ${statusCode}`);
    const type = String(headers['content-type'] ?? '');
    if (!/^application\/(graphql-response\+)?json\b/i.test(type))
      throw this.#offContract(`answered ${statusCode} as "${type}"`);
    const result = parseJson(text);
    if (!isExecutionResult(result))
      throw this.#offContract(`answered ${statusCode} with something that is not a GraphQL response`);
    return result;
  }

  /** One of the product's HTTP routes; the answer is streamed through. Throws as `execute` does. */
  async fetch(request: Request, context: RequestContext): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const answer = await this.#request(context, {
      method: request.method as Dispatcher.HttpMethod,
      path: pathname + search,
      headers: { ...headersToPass(request.headers), ...this.#contextHeaders(context) },
      body: request.body ? Buffer.from(await request.arrayBuffer()) : null,
    });
    return responseFrom(answer);
  }

  async health(): Promise<PartHealth> {
    try {
      const signal = AbortSignal.timeout(HEALTH_TIMEOUT_MS);
      const { statusCode, body } = await this.#pool.request({ method: 'GET', path: '/ready', signal });
      const text = await body.text();
      return statusCode === 200
        ? ready(this.name)
        : notReady(this.name, reasonIn(text) ?? `answers ${statusCode} at ${this.#origin}/ready`);
    } catch (error) {
      return notReady(this.name, `does not answer at ${this.#origin}: ${messageOf(error)}`);
    }
  }

  /** Lets requests in flight finish. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  async #request(context: RequestContext, options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    const leftMs = context.deadline - Date.now();
    if (leftMs <= 0) throw this.#late();
    const { signal } = context;
    try {
      return await this.#pool.request({ ...options, signal, headersTimeout: leftMs, bodyTimeout: leftMs });
    } catch (error) {
      throw this.#failure(error, context);
    }
  }

  #contextHeaders(context: RequestContext): Record<string, string> {
    return {
      [CONTEXT_HEADER]: this.#tokens.tokenFor(context, this.name),
      [REQUEST_ID_HEADER]: context.requestId,
      [DEADLINE_HEADER]: String(Math.max(0, context.deadline - Date.now())),
      ...(context.trace !== null && { traceparent: context.trace }),
    };
  }

  #failure(error: unknown, context: RequestContext): DeadlinePassed | SubgraphUnreachable {
    const late = context.signal.reason instanceof DeadlinePassed || Date.now() >= context.deadline;
    return late ? this.#late() : new SubgraphUnreachable(this.name, error);
  }

  #late = (): DeadlinePassed => new DeadlinePassed(`Subgraph "${this.name}" did not answer before the deadline.`);

  #offContract = (what: string): SubgraphUnreachable =>
    new SubgraphUnreachable(this.name, new Error(`${this.#origin}${this.#path} ${what}.`));
}

export const httpSubgraph = (options: HttpSubgraphOptions): HttpSubgraph => new HttpSubgraph(options);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isExecutionResult(value: unknown): value is ExecutionResult {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { data, errors } = value as { data?: unknown; errors?: unknown };
  const fitting = data === undefined || (typeof data === 'object' && !Array.isArray(data));
  const hasErrors =
    Array.isArray(errors) && errors.length > 0 && errors.every((error) => typeof error === 'object' && error !== null);
  return fitting && (hasErrors || (data !== undefined && (errors === undefined || errors === null)));
}

/** The reasons in a peer's own readiness report. */
function reasonIn(text: string): string | null {
  const { parts } = (parseJson(text) ?? {}) as { parts?: readonly Partial<PartHealth>[] };
  if (!Array.isArray(parts)) return null;
  const reasons = (parts as readonly Partial<PartHealth>[])
    .filter((part) => part?.ready === false)
    .map(({ name, reason }) => `${name}: ${reason}`);
  return reasons.length > 0 ? reasons.join('; ') : null;
}

/** A refused connection to a name with several addresses says nothing itself; its parts do. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return messageOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
