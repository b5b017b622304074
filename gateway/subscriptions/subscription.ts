import { CallerError, SubgraphUnreachable, type RequestContext } from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';
import type { Logger } from 'pino';
import type { AccessTokens } from '../authentication/access-tokens.js';
import { authenticateCaller, authorizationIn } from '../authentication/authenticate-caller.js';
import type { GatheredExtensions } from '../extensions/gather-extensions.js';
import { RequestRefused } from '../graphql-over-http/request-refused.js';
import { authorizeOperation } from '../pipeline/authorize-operation.js';
import { identifyOperation } from '../pipeline/identify-operation.js';
import { planOperation, type PlannedRequest } from '../pipeline/plan-operation.js';
import { withoutAsking } from '../pipeline/protect.js';
import type { ReceivedOperation } from '../pipeline/receive.js';
import { PlanningFailed } from '../planner/planner.js';
import { DEADLINE_MS, RequestFacts } from '../routing/request-facts.js';
import type { CurrentSnapshot } from '../snapshot/current-snapshot.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { ClientStream } from '../streaming/client-stream.js';
import { QueuedStream } from '../streaming/queued-stream.js';
import type { UpstreamSubscription } from '../transports/upstream-subscription.js';
import { afterMissedOnes, extensionsOf, type EventAnswers } from './answer-event.js';
import { ConsumerTooSlow, errorPayload, SubscriptionSchemaChanged } from './subscription-errors.js';
import { isSameUpstream, upstreamOf, type UpstreamWanted } from './upstream-of.js';

/** What becomes of a client that reads more slowly than events come: it misses some and is told so, or is sent away. */
export type SlowConsumer = 'drop' | 'close';

export interface SubscriptionParts {
  readonly tokens: AccessTokens | null;
  readonly snapshots: CurrentSnapshot;
  readonly extensions: GatheredExtensions;
  readonly answers: EventAnswers;
  readonly slowConsumer: SlowConsumer;
  readonly log: Logger;
}

/** Events of one subscription that wait for the answers to those before them. */
const MOST_WAITING = 1_000;
/** How long an upstream that was replaced is still listened to: until its successor has surely begun. */
const OVERLAP_MS = 5_000;

/** An upstream that is listened to. */
interface Listening {
  readonly wanted: UpstreamWanted;
  /** Null while it is being started. */
  subscription: UpstreamSubscription | null;
}

/**
 * One subscription of one client, from its first event to its end: events in order, each answered by the rest of the plan
 * for whoever the caller is by then, on whatever supergraph is the current one.
 */
export class Subscription {
  readonly #queue: QueuedStream;
  readonly #parts: SubscriptionParts;
  readonly #received: ReceivedOperation;
  readonly #authorization: string | null;
  readonly #onEnd: () => void;
  #snapshot: Snapshot;
  #current: Listening | null = null;
  #replaced: Listening | null = null;
  #overlap: NodeJS.Timeout | undefined;
  /** Of the last event that was answered. */
  #lastEventId: string | null;
  /** Ids of what came since the last answer, while two upstreams may bring the same. */
  #heard: Set<string> | null = null;
  #waiting: ExecutionResult[] = [];
  #answering: ExecutionResult | null = null;
  #hasMissed = false;
  /** What is to happen when everything that came has been answered. */
  #conclusion: (() => void) | null = null;
  #hasEnded = false;

  /** `snapshot` is held for it. `onEnd`: called once. */
  constructor(received: ReceivedOperation, snapshot: Snapshot, parts: SubscriptionParts, onEnd: () => void) {
    this.#received = received;
    this.#snapshot = snapshot;
    this.#parts = parts;
    this.#onEnd = onEnd;
    this.#authorization = parts.tokens && authorizationIn(received.rawHeaders);
    this.#lastEventId = received.lastEventId;
    this.#queue = new QueuedStream(() => this.#finish());
  }

  get stream(): ClientStream {
    return this.#queue;
  }

  /** Begins to listen. */
  start(planned: PlannedRequest): void {
    this.#listen(upstreamOf(planned, this.#snapshot), planned.context);
  }

  /** Ends it where the caller's token has ended since, though no event comes. */
  async checkCaller(): Promise<void> {
    const { tokens } = this.#parts;
    if (tokens === null || this.#authorization === null) return;
    try {
      const claims = tokens.verify(this.#authorization);
      if (claims instanceof Promise) await claims;
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Goes over to the current supergraph, if it has another. The upstream stays where the new plan begins with the same
   * fetch; else the new one goes on after the last event, and what both bring is told once. Never rejects.
   */
  async follow(): Promise<void> {
    const { snapshots, log } = this.#parts;
    if (this.#hasEnded || snapshots.current === this.#snapshot) return;
    const before = this.#snapshot;
    const next = snapshots.acquire();
    try {
      const context = await this.#contextNow();
      const planned = await this.#planOn(next, context);
      if (this.#hasEnded) return snapshots.release(next);
      this.#snapshot = next;
      this.#moveTo(upstreamOf(planned, next), context);
      snapshots.release(before);
    } catch (error) {
      snapshots.release(next);
      const isAboutSchema = error instanceof PlanningFailed || (error instanceof RequestRefused && error.aboutDocument);
      if (error instanceof PlanningFailed) log.error({ err: error }, 'A subscription does not fit the new supergraph.');
      this.#fail(isAboutSchema ? new SubscriptionSchemaChanged() : error);
    }
  }

  /** Ends it from our side, with nothing more to say. */
  close(): void {
    this.#queue.end();
    this.#finish();
  }

  #listen(wanted: UpstreamWanted, context: RequestContext): void {
    const { transport, subgraph, body } = wanted;
    if (!transport) return this.#fail(new SubgraphUnreachable(subgraph, new Error('It has no subscriptions.')));
    const { query, variables } = JSON.parse(body) as { query: string; variables: Record<string, unknown> };
    const headers = this.#parts.extensions.onSubgraphFetch?.({ context, subgraph });
    const listening: Listening = { wanted, subscription: null };
    this.#current = listening;
    listening.subscription = transport.subscribe(
      { query, variables, lastEventId: this.#lastEventId, ...(headers && { headers }) },
      context,
      {
        event: (event) => this.#take(event, listening),
        ended: (error) => this.#upstreamEnded(error, listening),
      },
    );
    if (this.#hasEnded) listening.subscription.close(); // it ended while it was being started
  }

  #take(event: ExecutionResult, from: Listening): void {
    if (this.#hasEnded) return;
    const { eventId } = extensionsOf(event);
    // While there are two upstreams, of the old one only that is taken which the new one can be told not to repeat.
    if (eventId === undefined && from !== this.#current) return;
    if (eventId !== undefined && this.#heard) {
      if (this.#heard.has(eventId)) return;
      this.#heard.add(eventId);
    }
    if (this.#waiting.length >= MOST_WAITING) return this.#tooSlow();
    this.#waiting.push(event);
    if (this.#answering === null) void this.#answerAll();
  }

  async #answerAll(): Promise<void> {
    try {
      while ((this.#answering = this.#waiting.shift() ?? null) !== null) await this.#answer(this.#answering);
    } catch (error) {
      this.#fail(error);
    }
    this.#answering = null;
    this.#conclusion?.();
  }

  async #answer(event: ExecutionResult): Promise<void> {
    const { answers, extensions, log } = this.#parts;
    const snapshot = this.#snapshot;
    const { eventId } = extensionsOf(event);
    const context = await this.#contextNow();
    const planned = await this.#planOn(snapshot, context);
    if (this.#hasEnded) return;
    const wanted = upstreamOf(planned, snapshot);
    // What the caller may have has changed, and so what the subgraph is to be asked: it tells the event again.
    if (this.#snapshot === snapshot && this.#current && !isSameUpstream(wanted, this.#current.wanted)) {
      this.#hasMissed ||= eventId === undefined;
      this.#answering = null;
      this.#waiting = [];
      return this.#moveTo(wanted, context);
    }
    const payload = await answers.answer(event, planned, { snapshot, extensions, log });
    if (this.#hasEnded) return;
    if (eventId !== undefined) this.#lastEventId = eventId;
    if (!this.#queue.push(this.#hasMissed ? afterMissedOnes(payload) : payload)) this.#tooSlow();
    else this.#hasMissed = false;
  }

  #moveTo(wanted: UpstreamWanted, context: RequestContext): void {
    const before = this.#current;
    if (!before || isSameUpstream(before.wanted, wanted)) return;
    this.#endOverlap();
    const unanswered = [...(this.#answering ? [this.#answering] : []), ...this.#waiting];
    const ids = [this.#lastEventId, ...unanswered.map((event) => extensionsOf(event).eventId)];
    this.#heard = new Set(ids.filter((id) => typeof id === 'string'));
    this.#replaced = before;
    this.#overlap = setTimeout(() => this.#endOverlap(), OVERLAP_MS).unref();
    this.#listen(wanted, context);
  }

  #endOverlap(): void {
    clearTimeout(this.#overlap);
    this.#replaced?.subscription?.close();
    this.#replaced = null;
    this.#heard = null;
  }

  /** Who the caller is by now. Throws or rejects where the token has ended. */
  #contextNow(): RequestContext | Promise<RequestContext> {
    const { rawHeaders, facts } = this.#received;
    const forEvent = new RequestFacts(facts.requestId, facts.trace, Date.now() + DEADLINE_MS, facts.deployment);
    return authenticateCaller(rawHeaders, forEvent, this.#parts.tokens);
  }

  async #planOn(snapshot: Snapshot, context: RequestContext): Promise<PlannedRequest> {
    const identified = identifyOperation({ received: this.#received, context }, snapshot);
    const authorized = await authorizeOperation(withoutAsking(identified), snapshot);
    return planOperation(authorized, snapshot, this.#parts.extensions);
  }

  #tooSlow(): void {
    this.#hasMissed = true;
    if (this.#parts.slowConsumer === 'drop') return;
    this.#queue.cutShort(errorPayload(new ConsumerTooSlow()));
    this.#finish();
  }

  /** What came before the end is answered first. */
  #upstreamEnded(error: Error | null, from: Listening): void {
    if (this.#hasEnded || from !== this.#current) return;
    this.#conclusion = () => (error ? this.#fail(error) : this.close());
    if (this.#answering === null) this.#conclusion();
  }

  #fail(error: unknown): void {
    if (this.#hasEnded) return;
    const subgraph = this.#current?.wanted.subgraph;
    if (!(error instanceof CallerError))
      this.#parts.log.error(
        { err: error, requestId: this.#received.facts.requestId, subgraph },
        'A subscription failed.',
      );
    this.#queue.end(errorPayload(error, subgraph));
    this.#finish();
  }

  #finish(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#waiting = [];
    this.#endOverlap();
    this.#current?.subscription?.close();
    this.#parts.snapshots.release(this.#snapshot);
    this.#onEnd();
  }
}
