import { CallerError, SubgraphUnreachable, type RequestContext, requestInLog } from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';
import type { Logger } from 'pino';
import type { CallerNow } from '../authentication/credentials.js';
import type { OperationDocuments } from '../documents/operation-documents.js';
import type { GatheredExtensions } from '../extensions/gather-extensions.js';
import { RequestRefused } from '../graphql-over-http/request-refused.js';
import { authorizeOperation } from '../pipeline/authorize-operation.js';
import { identifyOperation } from '../pipeline/identify-operation.js';
import { planOperation, type PlannedRequest } from '../pipeline/plan-operation.js';
import { withoutAsking } from '../pipeline/protect.js';
import type { ReceivedOperation } from '../pipeline/receive.js';
import { PlanningFailed } from '../planner/planner.js';
import { DEADLINE_MS, RequestFacts } from '../routing/request-facts.js';
import { unrecorded } from '../routing/trace-context.js';
import type { CurrentSnapshot } from '../snapshot/current-snapshot.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { ClientStream } from '../streaming/client-stream.js';
import { QueuedStream } from '../streaming/queued-stream.js';
import { extensionsOf } from '../transports/extensions-of.js';
import type { UpstreamSubscription } from '../transports/upstream-subscription.js';
import { afterMissedOnes, announcesGap, gapPayload, type EventAnswers } from './answer-event.js';
import { ConsumerTooSlow, errorPayload, SubscriptionSchemaChanged } from './subscription-errors.js';
import { isSameUpstream, upstreamOf, type UpstreamWanted } from './upstream-of.js';

/** What becomes of a client that reads more slowly than events come: it misses some and is told so, or is sent away. */
export type SlowConsumer = 'drop' | 'close';

export interface SubscriptionParts {
  readonly documents: OperationDocuments;
  readonly snapshots: CurrentSnapshot;
  readonly extensions: GatheredExtensions;
  readonly answers: EventAnswers;
  readonly slowConsumer: SlowConsumer;
  readonly log: Logger;
}

/** Events of one subscription that wait to be answered while its client has not read the answers to those before them. */
const MOST_WAITING = 1_000;
/** How long an upstream that was replaced is still listened to where nothing tells its successor where to begin. */
const OVERLAP_MS = 5_000;

/** An upstream that is listened to, or was. */
interface Listening {
  readonly wanted: UpstreamWanted;
  /** What its events are answered on. Held until it is over, and nothing of it waits. */
  snapshot: Snapshot;
  /** Null while it is being started, and while it pauses. */
  subscription: UpstreamSubscription | null;
  /** Until what waits has been answered; then it goes on after the last event that came. */
  isPaused: boolean;
  isOver: boolean;
  waiting: number;
}

interface WaitingEvent {
  readonly event: ExecutionResult;
  readonly from: Listening;
  /** Some before it are missing. */
  readonly isAfterGap: boolean;
}

/**
 * One subscription of one client, from its first event to its end: events in order, each answered by the rest of the plan
 * that its upstream was asked by, for whoever the caller is by then.
 */
export class Subscription {
  readonly #queue: QueuedStream;
  readonly #parts: SubscriptionParts;
  readonly #received: ReceivedOperation;
  readonly #caller: CallerNow;
  readonly #onEnd: () => void;
  #current!: Listening;
  /** Of its document: what named it may name nothing any more. */
  #source!: string;
  /** While two are listened to, the older one. */
  #replaced: Listening | null = null;
  #overlap: NodeJS.Timeout | undefined;
  /** Ids of what came during the overlap: both bring it. */
  readonly #heard = new Set<string>();
  #hasUnnamed = false;
  /** Of the last event that came, and of the last one that was answered. */
  #lastTaken: string | null;
  #lastAnswered: string | null;
  readonly #waiting: WaitingEvent[] = [];
  #isAnswering = false;
  /** The next event that is taken comes after some that are missing. */
  #hasGap = false;
  /** It paused, and has not yet answered everything that came since. */
  #isCatchingUp = false;
  /** What is to happen when everything that came has been answered. */
  #conclusion: (() => void) | null = null;
  #following: Promise<void> = Promise.resolve();
  #hasEnded = false;

  /** `onEnd`: called once. */
  constructor(received: ReceivedOperation, caller: CallerNow, parts: SubscriptionParts, onEnd: () => void) {
    this.#received = received;
    this.#caller = caller;
    this.#parts = parts;
    this.#onEnd = onEnd;
    this.#lastTaken = this.#lastAnswered = received.lastEventId;
    this.#queue = new QueuedStream(() => this.#finish());
  }

  get stream(): ClientStream {
    return this.#queue;
  }

  /** True until it is on the current supergraph. */
  get isBehind(): boolean {
    return !this.#hasEnded && this.#parts.snapshots.current !== this.#current.snapshot;
  }

  /** Begins to listen. `snapshot` is held by somebody. Never throws. */
  start({ document, context }: PlannedRequest, wanted: UpstreamWanted, snapshot: Snapshot): void {
    this.#source = document.source;
    this.#listen(wanted, snapshot, context, this.#lastTaken);
  }

  /** Ends it where the caller's credential has ended since, though no event comes. */
  checkCaller(): void {
    try {
      this.#caller(this.#received.facts);
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Goes over to the current supergraph. The upstream stays where the new plan begins with the same fetch; else the new
   * one begins after the last event that came. Never rejects; where nothing can be planned now, it stays behind.
   */
  follow(): Promise<void> {
    return (this.#following = this.#following.then(() => this.#follow()));
  }

  /** Ends it from our side, with nothing more to say. */
  close(): void {
    this.#queue.end();
    this.#finish();
  }

  async #follow(): Promise<void> {
    const { snapshots, log } = this.#parts;
    while (this.isBehind) {
      const next = snapshots.acquire();
      try {
        const context = this.#caller(this.#factsNow());
        const wanted = upstreamOf(await this.#planOn(next, context), next);
        if (this.#hasEnded) return;
        const { snapshot: before } = this.#current;
        if (isSameUpstream(this.#current.wanted, wanted)) {
          this.#current.snapshot = snapshots.hold(next);
          snapshots.release(before);
        } else this.#moveTo(wanted, next, context, this.#lastTaken);
      } catch (error) {
        if (error instanceof PlanningFailed || (error instanceof RequestRefused && error.aboutDocument))
          return this.#fail(new SubscriptionSchemaChanged());
        if (error instanceof CallerError) return this.#fail(error);
        log.warn({ err: error, ...requestInLog(this.#received.facts) }, 'A subscription stays behind a reload.');
        return;
      } finally {
        snapshots.release(next);
      }
    }
  }

  /** Leaves the upstream for another, which begins after the event `since`. */
  #moveTo(wanted: UpstreamWanted, snapshot: Snapshot, context: RequestContext, since: string | null): void {
    if (since !== null) {
      this.#endOverlap();
      this.#retire(this.#current);
    } else if (this.#replaced) {
      this.#retire(this.#current); // it may not have begun: the one before is listened to until another has
    } else {
      this.#replaced = this.#current;
      this.#overlap = setTimeout(() => this.#endOverlap(), OVERLAP_MS).unref();
    }
    this.#listen(wanted, snapshot, context, since);
  }

  #endOverlap(): void {
    clearTimeout(this.#overlap);
    if (!this.#replaced) return;
    this.#retire(this.#replaced);
    this.#replaced = null;
    this.#heard.clear();
    // Nothing told apart what the two brought, nor what neither did.
    this.#hasGap ||= this.#hasUnnamed;
    this.#hasUnnamed = false;
  }

  #listen(wanted: UpstreamWanted, snapshot: Snapshot, context: RequestContext, since: string | null): void {
    const held = this.#parts.snapshots.hold(snapshot);
    this.#current = { wanted, snapshot: held, subscription: null, isPaused: false, isOver: false, waiting: 0 };
    this.#subscribe(this.#current, context, since);
  }

  #subscribe(listening: Listening, context: RequestContext, since: string | null): void {
    const { extensions } = this.#parts;
    try {
      const { transport, subgraph, body } = listening.wanted;
      if (!transport) throw new SubgraphUnreachable(subgraph, new Error('It has no subscriptions.'));
      const { query, variables } = JSON.parse(body) as { query: string; variables: Record<string, unknown> };
      const headers = extensions.onSubgraphFetch?.({ context, subgraph });
      listening.subscription = transport.subscribe(
        { query, variables, lastEventId: since, ...(headers && { headers }) },
        context,
        {
          event: (event) => this.#take(event, listening),
          ended: (error) => this.#upstreamEnded(error, listening),
        },
      );
      if (listening.isOver || listening.isPaused) this.#stop(listening); // while it was being started
    } catch (error) {
      this.#fail(error);
    }
  }

  #retire(listening: Listening): void {
    if (listening.isOver) return;
    listening.isOver = true;
    this.#stop(listening);
    if (listening.waiting === 0) this.#parts.snapshots.release(listening.snapshot);
  }

  #stop(listening: Listening): void {
    listening.subscription?.close();
    listening.subscription = null;
  }

  /** Whatever has ids can be asked for again: a client that reads slowly holds nothing up, and loses nothing that is kept. */
  #pause(): void {
    this.#endOverlap();
    this.#current.isPaused = true;
    this.#isCatchingUp = true;
    this.#stop(this.#current);
  }

  #resume(): void {
    this.#current.isPaused = false;
    try {
      this.#subscribe(this.#current, this.#caller(this.#factsNow()), this.#lastTaken);
    } catch (error) {
      this.#fail(error);
    }
  }

  #take(event: ExecutionResult, from: Listening): void {
    if (from.isOver || from.isPaused) return;
    const { eventId, eventsMissed } = extensionsOf(event);
    // It was so far behind that not all of it was kept.
    if (eventsMissed && this.#isCatchingUp && this.#parts.slowConsumer === 'close') return this.#tooSlow();
    if (this.#replaced) {
      if (eventId === undefined) {
        this.#hasUnnamed = true;
        if (from !== this.#replaced) return;
      } else if (this.#heard.has(eventId)) return;
      else this.#heard.add(eventId);
    }
    if (this.#waiting.length >= MOST_WAITING)
      return eventId !== undefined && this.#lastTaken !== null ? this.#pause() : this.#tooSlow();
    this.#waiting.push({ event, from, isAfterGap: this.#hasGap });
    this.#hasGap = false;
    from.waiting++;
    if (eventId !== undefined) this.#lastTaken = eventId;
    if (!this.#isAnswering) void this.#answerAll();
  }

  async #answerAll(): Promise<void> {
    this.#isAnswering = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) await this.#answer(next);
    } catch (error) {
      this.#fail(error);
    }
    this.#isAnswering = false;
    if (this.#hasEnded) return;
    if (this.#current.isPaused) return this.#resume();
    this.#isCatchingUp = false;
    this.#conclusion?.();
  }

  async #answer(waiting: WaitingEvent): Promise<void> {
    const { snapshots } = this.#parts;
    const { event, from, isAfterGap } = waiting;
    const snapshot = snapshots.hold(from.snapshot);
    this.#noLongerWaits(waiting);
    try {
      const answered = announcesGap(event) ? gapPayload(event) : await this.#payloadFor(waiting, snapshot);
      if (answered === null || this.#hasEnded) return;
      const payload = isAfterGap ? afterMissedOnes(answered) : answered;
      // What comes meanwhile waits behind it.
      while (!this.#queue.push(payload) && !this.#hasEnded) await this.#queue.pulled();
      this.#lastAnswered = extensionsOf(event).eventId ?? this.#lastAnswered;
    } finally {
      snapshots.release(snapshot);
    }
  }

  /** Null: it is asked for again, or belongs to nobody any more. */
  async #payloadFor({ event, from }: WaitingEvent, snapshot: Snapshot) {
    const { answers, extensions, log } = this.#parts;
    const context = this.#caller(this.#factsNow());
    const planned = await this.#planOn(snapshot, context);
    if (this.#hasEnded) return null;
    const wanted = upstreamOf(planned, snapshot);
    if (isSameUpstream(wanted, from.wanted)) return answers.answer(event, planned, { snapshot, extensions, log });
    // What the caller may have has changed, and so what the subgraph is to be asked: it tells this event again.
    if (from === this.#current) this.#askAgain(wanted, snapshot, context, event);
    else this.#hasGap = true;
    return null;
  }

  #askAgain(wanted: UpstreamWanted, snapshot: Snapshot, context: RequestContext, event: ExecutionResult): void {
    const since = this.#lastAnswered;
    const dropped = this.#waiting.splice(0);
    for (const one of dropped) this.#noLongerWaits(one);
    const isNamed = [event, ...dropped.map((one) => one.event)].every((one) => extensionsOf(one).eventId !== undefined);
    this.#hasGap ||= since === null || !isNamed;
    this.#lastTaken = since;
    this.#endOverlap();
    this.#retire(this.#current);
    this.#listen(wanted, snapshot, context, since);
  }

  #noLongerWaits({ from }: WaitingEvent): void {
    from.waiting--;
    if (from.isOver && from.waiting === 0) this.#parts.snapshots.release(from.snapshot);
  }

  #factsNow(): RequestFacts {
    const { facts } = this.#received;
    const { requestId, record, deployment } = facts;
    // One span of a subscription says enough of it; of its events there may be any number.
    const trace = record?.trace.isRecorded ? unrecorded(record.trace) : facts.trace;
    return new RequestFacts(requestId, trace, Date.now() + DEADLINE_MS, deployment, () => facts.client);
  }

  /** The client may leave, and others get the same answer: what is fetched ends with its own deadline. */
  async #planOn(snapshot: Snapshot, context: RequestContext): Promise<PlannedRequest> {
    const received = { ...this.#received, facts: this.#factsNow() };
    const document = this.#parts.documents.findAgain(this.#source, context, snapshot);
    const identified = identifyOperation({ received, context }, document, snapshot);
    const authorized = await authorizeOperation(withoutAsking(identified), snapshot);
    return planOperation(authorized, snapshot, this.#parts.extensions);
  }

  #tooSlow(): void {
    this.#hasGap = true;
    if (this.#parts.slowConsumer === 'close') this.#fail(new ConsumerTooSlow());
  }

  /** What came before the end is answered first. */
  #upstreamEnded(error: Error | null, from: Listening): void {
    if (from.isOver) return;
    if (from === this.#replaced) return this.#endOverlap();
    this.#conclusion = () => (error ? this.#fail(error) : this.close());
    if (!this.#isAnswering) this.#conclusion();
  }

  #fail(error: unknown): void {
    if (this.#hasEnded) return;
    const { subgraph } = this.#current.wanted;
    if (!(error instanceof CallerError))
      this.#parts.log.error({ err: error, ...requestInLog(this.#received.facts), subgraph }, 'A subscription failed.');
    this.#queue.end(errorPayload(error, subgraph));
    this.#finish();
  }

  #finish(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    for (const waiting of this.#waiting.splice(0)) this.#noLongerWaits(waiting);
    this.#endOverlap();
    this.#retire(this.#current);
    this.#onEnd();
  }
}
