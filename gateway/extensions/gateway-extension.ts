import type { CallerError, RequestContext } from '@inevitable/contract';
import type { DocumentNode, GraphQLFormattedError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { JsonMembers } from '../executor/answer.js';
import type { FetchMade } from '../executor/run-plan.js';
import type { HeaderList } from '../graphql-over-http/header-list.js';
import type { QueryPlan } from '../planner/query-plan.js';
import type { RequestSeen } from './request-seen.js';

/**
 * A set of optional hooks into the life of an operation. Protection, usage recording and caching are extensions, so that
 * they are added without editing the path. Hooks are gathered at load: one that nobody uses costs nothing.
 *
 * A hook that throws a `CallerError` tells the client so. Whatever else it throws is logged with the extension's name and
 * masked: the operation, the policy or the fetch it was asked about fails. Only an answer stands, without the additions,
 * and a subscription goes on.
 */
export interface GatewayExtension {
  readonly name: string;
  readonly contract: 1;
  /** Extensions that must be loaded too; their hooks run first. */
  readonly needs?: readonly string[];

  /** After parsing, before authorization and planning. Reject here and no subgraph is contacted. */
  onOperation?(operation: OperationSeen): Verdict | Promise<Verdict>;

  /**
   * Once for each operation that `onOperation` hooks were asked about, this one's or others', whatever became of it: nothing
   * of it is running any more. Of an answer in parts, when the last one was fetched; of a subscription, when it has begun.
   */
  onEnd?(operation: OperationSeen): void;

  /** Answers a name in `@policy`. Undefined: not this extension's. A policy that nobody answers is denied. */
  decidePolicy?(policy: string, context: RequestContext): boolean | undefined | Promise<boolean | undefined>;

  /** Whether a named label of progressive `@override` is on. Undefined: not this extension's. */
  decideOverride?(label: string, context: RequestContext): boolean | undefined;

  /**
   * Before each request to a subgraph. The headers are added over HTTP; none may be the gateway's own or say who asks
   * (`added-headers.ts`), and equal fetches with different headers are not shared.
   */
  onSubgraphFetch?(fetch: FetchPrepared): Readonly<Record<string, string>> | undefined;

  /** Once for each subscription: it is permitted and planned, and begins. Its events are answers, each for `onAnswer`. */
  onSubscription?(operation: OperationSeen): void;

  /**
   * When the answer is known, and before it is sent; of an answer in parts, when the first is. What is returned goes into
   * the answer.
   */
  onAnswer?(answer: AnswerSeen): AnswerAdditions | WrittenAdditions | undefined;

  /**
   * Once for each request that the gateway answered, refused or gave up, whatever it was, when its last byte was handed to
   * the kernel; of a WebSocket once for each of its operations. Not for probes, and not for the gateway's own pages.
   */
  onRequestEnd?(request: RequestSeen): void;
}

/** One operation whose document is valid, and who asks. */
export interface OperationSeen {
  readonly context: RequestContext;
  readonly document: DocumentNode;
  /** What clients may ask, and the document fits. One object for as long as the gateway serves one supergraph. */
  readonly schema: GraphQLSchema;
  readonly definition: OperationDefinitionNode;
  /** SHA-256 of the document's source, hexadecimal. */
  readonly hash: string;
  /** As the document names it, whether the client repeated the name or not. */
  readonly operationName: string | null;
  /** As the client sent them: one object of each request, for as long as a subscription lasts. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** What it costs by all that can be told before it is run, by `@cost` and `@listSize` (`limits/operation-cost.ts`). Found when it is asked for. */
  readonly cost: number;
  /** A header of the client's request, by lower-case name. */
  header(name: string): string | undefined;
}

export interface FetchPrepared {
  readonly context: RequestContext;
  readonly subgraph: string;
}

export interface AnswerSeen {
  readonly operation: OperationSeen;
  readonly plan: QueryPlan;
  readonly errors: readonly GraphQLFormattedError[];
  /** JSON of `data`; null: null reached the top. Where `passedThrough`, the whole response of a subgraph. */
  readonly data: string | Buffer | null;
  /**
   * What it cost by what `data` holds (`limits/actual-cost.ts`). Found when it is asked for. Of an answer in parts the
   * operation's `cost`: what is still to come is not known, and asking in parts is not cheaper. Of an event, the event's.
   */
  readonly actualCost: number;
  /** Milliseconds from the operation's identification to its answer. */
  readonly durationMs: number;
  /** Requests to subgraphs; empty unless an extension asked to `observe` this operation. */
  readonly fetches: readonly FetchMade[];
  /** True when a subgraph's bytes are the answer. */
  readonly passedThrough: boolean;
}

export interface AnswerAdditions {
  /** Beside `data` and `errors`: values that `JSON.stringify` takes. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The same, and it is sent as it is: each name once, its headers in lower case, valid, and none of the gateway's own. Whoever
 * adds something to every answer knows that; to look at it each time costs more than to write it.
 */
export class WrittenAdditions {
  constructor(
    readonly extensions: JsonMembers,
    readonly headers: HeaderList,
  ) {}
}

export type Verdict =
  /** `observe`: record this operation's fetches for `onAnswer`. */
  { readonly kind: 'proceed'; readonly observe: boolean } | { readonly kind: 'reject'; readonly error: CallerError };

export const proceed: Verdict = Object.freeze({ kind: 'proceed', observe: false });
export const observe: Verdict = Object.freeze({ kind: 'proceed', observe: true });
export const reject = (error: CallerError): Verdict => ({ kind: 'reject', error });
