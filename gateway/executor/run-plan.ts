import { DeadlinePassed, withTrace, type RequestContext, type SubgraphRequest } from '@inevitable/contract';
import type { ExecutionResult, GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import { spanWithin, type TraceContext } from '../routing/trace-context.js';
import type { EndSignal } from '../transports/end-signal.js';
import type { SubgraphAnswer, SubgraphTransport } from '../transports/subgraph-transport.js';
import { eachPlace, type AnswerPath } from './answer-places.js';
import { mergeValue } from './compile-merge.js';
import type { CompiledPlan, Companions } from './compile-plan.js';
import type { CompiledStep, RootStep } from './compile-steps.js';
import type { EntitiesRequest } from './entities-request.js';
import { PartProgress } from './defer/part-progress.js';
import { FetchErrors, stepsOf } from './fetch-errors.js';
import { own } from './generated-code.js';
import type { PassedThrough } from './pass-through.js';
import { portionsOf, portionVariables, requestFor, type Portion } from './portions.js';
import { rootBody, variableTexts } from './request-body.js';
import { rewriteAnswer } from './rewrite-answer.js';
import { resultIn } from './subgraph-result.js';
import type { TypeConditions } from './type-conditions.js';

export interface RunParts {
  /** When nobody waits for the answer any more. */
  readonly end: EndSignal;
  readonly transports: ReadonlyMap<string, SubgraphTransport>;
  readonly types: TypeConditions;
  readonly log: Logger;
  /** Each request to a subgraph is a span of its own in it; null: nothing is recorded. */
  readonly trace?: TraceContext | null;
  /** What the plan's first fetch was answered: an event of a subscription. It is not sent, and never written to. */
  readonly event?: ExecutionResult | null;
  /** Told when a deferred part has all it needs, each after the one it is within. */
  readonly onPart?: ((part: number, fetched: FetchedPart) => void) | undefined;
  /** Told about every request that was answered or failed. */
  readonly onFetch?: ((fetch: FetchMade) => void) | undefined;
  /** Headers that extensions add to a request. */
  readonly headersFor?: ((subgraph: string) => Readonly<Record<string, string>> | undefined) | null;
}

/** One request to a subgraph, as `x-inevitable-explain` shows it. */
export interface FetchMade {
  readonly subgraph: string;
  /** Milliseconds since the operation's first fetch. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly requestBytes: number;
  /** Null where nothing came, or nothing was counted: a subgraph in this process answers objects. */
  readonly responseBytes: number | null;
  /** Steps of the plan that this request was for. */
  readonly steps: readonly number[];
  /** Places in the answer that wait for entities, and how many different ones were asked for. */
  readonly places: number;
  readonly entities: number;
  /** Of which type the entities are, for each selection that they were asked for; empty for fields of the root. */
  readonly types: readonly { readonly type: string; readonly entities: number }[];
  /** True when an equal fetch was under way, and its answer was taken. */
  readonly shared: boolean;
  readonly failed: boolean;
  /** Its own in the request's trace; absent: none is recorded. */
  readonly spanId?: string;
}

export interface Fetched extends FetchedPart {
  /** A subgraph's response that already is the client's answer; `data` is empty then. */
  readonly passedThrough: PassedThrough | null;
}

/** What was fetched for one part of an answer; the only one unless something is deferred. */
export interface FetchedPart {
  /** All that subgraphs answered, by planned names. Later parts are merged into the same. */
  readonly data: object;
  /** As the client may see them, with the client's paths. */
  readonly errors: readonly GraphQLFormattedError[];
  /** Where fetches came back without what they were for: nulls there, above and below have been reported. */
  readonly explained: readonly AnswerPath[];
}

/** How long a fetch waits for companions that are not ready, at least. */
const COMPANION_WAIT_MS = 50;

/**
 * Runs every fetch of a plan; resolves when the first answer has all it needs. Never rejects: what failed is in `errors`,
 * and its places are empty.
 */
export function runPlan(
  plan: CompiledPlan,
  variables: Readonly<Record<string, unknown>>,
  context: RequestContext,
  parts: RunParts,
): Promise<Fetched> {
  return new PlanRun(plan, variables, context, parts).run();
}

/** Companions that are ready, waiting for those that are not. */
interface Departure {
  readonly ready: number[];
  /** How many may still come. */
  coming: number;
  timer: NodeJS.Timeout | null;
}

const NOTHING: readonly never[] = [];

class PlanRun {
  readonly #plan: CompiledPlan;
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #context: RequestContext;
  readonly #parts: RunParts;
  readonly #data: object = {};
  /** By part; made for those in which something failed. */
  readonly #errors: FetchErrors[] = [];
  /** Null: the answer has one part. */
  readonly #progress: PartProgress | null;
  readonly #startedAt = performance.now();
  readonly #waitsFor: number[];
  readonly #departures: Departure[];
  #left: number;
  #finish!: (fetched: Fetched) => void;
  #hasEnded = false;
  #passedThrough: PassedThrough | null = null;

  constructor(
    plan: CompiledPlan,
    variables: Readonly<Record<string, unknown>>,
    context: RequestContext,
    parts: RunParts,
  ) {
    this.#plan = plan;
    this.#variables = variables;
    this.#context = context;
    this.#parts = parts;
    this.#progress = plan.parts.length > 0 ? new PartProgress(plan, (part) => this.#complete(part)) : null;
    this.#waitsFor = plan.steps.map(({ step }) => step.after.length);
    this.#departures = plan.companions.map(({ steps }) => ({ ready: [], coming: steps.length, timer: null }));
    this.#left = plan.steps.length;
  }

  run(): Promise<Fetched> {
    return new Promise((resolve) => {
      this.#finish = resolve;
      if (this.#left === 0) return this.#end();
      this.#progress?.done([]); // what needs no fetch
      const { event } = this.#parts;
      if (event) return this.#takeEvent(event);
      for (const { step } of this.#plan.steps) if (step.after.length === 0) this.#ready(step.index);
    });
  }

  /** All other steps of a subscription's plan wait for the first. */
  #takeEvent(event: ExecutionResult): void {
    const first = this.#plan.steps[0] as RootStep;
    try {
      this.#mergeRoot(resultIn({ kind: 'result', result: event }, first.step.fetch.serviceName), first);
    } catch (error) {
      this.#fail([first], error);
    }
    this.#done([0]);
  }

  #end(): void {
    this.#hasEnded = true;
    if (this.#progress) this.#progress.giveUp();
    else this.#complete(0);
  }

  #complete(part: number): void {
    const found = this.#errors[part];
    const fetched = { data: this.#data, errors: found?.shown ?? NOTHING, explained: found?.explained ?? NOTHING };
    if (part === 0) this.#finish(Object.assign(fetched, { passedThrough: this.#passedThrough }));
    else this.#parts.onPart?.(part, fetched);
  }

  #ready(index: number): void {
    const group = this.#plan.companionsOf[index]!;
    const departure = this.#departures[group]!;
    departure.ready.push(index);
    departure.coming--;
    if (departure.coming === 0) this.#send(group);
    else if (departure.timer === null) {
      // Waiting for a slow branch would make a fast one slow: never longer than the operation has taken so far.
      const elapsed = performance.now() - this.#startedAt;
      departure.timer = setTimeout(
        () => {
          try {
            this.#send(group);
          } catch (error) {
            this.#giveUp(error); // nobody above a timer would catch it
          }
        },
        Math.max(COMPANION_WAIT_MS, elapsed),
      );
    }
  }

  #done(indexes: readonly number[]): void {
    if (this.#hasEnded) return;
    for (const index of indexes) {
      for (const next of this.#plan.unblocks[index]!) if (--this.#waitsFor[next]! === 0) this.#ready(next);
    }
    this.#left -= indexes.length;
    this.#progress?.done(indexes);
    if (this.#left === 0) this.#end();
  }

  /** Sends what is ready. */
  #send(group: number): void {
    const departure = this.#departures[group]!;
    if (departure.timer !== null) clearTimeout(departure.timer);
    departure.timer = null;
    const indexes = departure.ready.splice(0);
    const { end } = this.#parts;
    try {
      if (end.aborted || Date.now() >= this.#context.deadline)
        throw end.reason ?? new DeadlinePassed('No time was left to ask a subgraph.');
      const first = this.#plan.steps[indexes[0]!]!;
      if (first.kind === 'root') this.#sendRoot(first);
      else this.#sendEntities(this.#plan.companions[group]!, indexes);
    } catch (error) {
      this.#fail(this.#stepsAt(indexes), error);
      this.#done(indexes);
    }
  }

  #sendRoot(step: RootStep): void {
    const { index, fetch } = step.step;
    this.#request(
      {
        subgraph: fetch.serviceName,
        kind: step.mutation ? 'mutation' : 'query',
        body: rootBody(this.#plan, step, this.#variables),
        steps: [index],
        portions: [],
      },
      (result) => this.#mergeRoot(result, step),
    );
  }

  #sendEntities(companions: Companions, indexes: readonly number[]): void {
    const portions = portionsOf(this.#plan, indexes, this.#data);
    const asked = stepsOf(portions).map(({ step }) => step.index);
    if (portions.length > 0) {
      const request = requestFor(companions, portions);
      const variables = [
        ...portionVariables(request, portions),
        ...variableTexts(this.#plan, request.variables, this.#variables),
      ];
      this.#request(
        {
          subgraph: companions.subgraph,
          kind: 'query',
          body: `${request.start}${variables.join()}}}`,
          steps: [...new Set(asked)],
          portions,
        },
        (result) => this.#mergeEntities(result, request, portions),
      );
    }
    const empty = indexes.filter((index) => !asked.includes(index));
    if (empty.length > 0) this.#done(empty);
  }

  #request(outgoing: Outgoing, take: (result: ExecutionResult) => void): void {
    const { subgraph, kind, body, steps } = outgoing;
    const span = this.#parts.trace ? spanWithin(this.#parts.trace) : null;
    const context = span ? withTrace(this.#context, span.traceparent) : this.#context;
    const startMs = this.#parts.onFetch ? performance.now() - this.#startedAt : 0;
    const transport = this.#parts.transports.get(subgraph);
    if (!transport) throw new Error(`There is no subgraph "${subgraph}" to ask.`);
    const headers = this.#parts.headersFor?.(subgraph);
    const request = () => JSON.parse(body) as SubgraphRequest;
    transport
      .send({ kind, operationName: null, body, request, ...(headers && { headers }) }, context, this.#parts.end)
      .then((answer) => {
        const passedThrough = answer.kind === 'bytes' && this.#plan.passThrough?.of(answer.bytes);
        if (passedThrough) this.#passedThrough = passedThrough;
        else take(resultIn(answer, subgraph));
        this.#tell(outgoing, startMs, answer, span?.spanId);
      })
      .catch((error: unknown) => {
        this.#tell(outgoing, startMs, null, span?.spanId);
        this.#fail(this.#stepsAt(steps), error);
      })
      .then(() => this.#done(steps))
      .catch((error: unknown) => this.#giveUp(error));
  }

  #tell(
    { subgraph, body, steps, portions }: Outgoing,
    startMs: number,
    answer: SubgraphAnswer | null,
    spanId: string | undefined,
  ): void {
    this.#parts.onFetch?.({
      subgraph,
      startMs,
      durationMs: performance.now() - this.#startedAt - startMs,
      requestBytes: Buffer.byteLength(body),
      responseBytes: answer?.kind === 'bytes' ? answer.bytes.length : null,
      steps,
      places: portions.reduce((sum, { representations }) => sum + representations.places.length, 0),
      entities: portions.reduce((sum, { representations }) => sum + representations.texts.length, 0),
      types: portions.map(({ step, representations }) => ({
        type: step.type,
        entities: representations.texts.length,
      })),
      shared: answer?.kind === 'bytes' && answer.shared,
      failed: answer === null,
      ...(spanId !== undefined && { spanId }),
    });
  }

  #mergeRoot({ data, errors }: ExecutionResult, step: RootStep): void {
    if (errors) this.#errorsOf(step).aboutRoot(step, errors);
    if (data === null || data === undefined) return this.#errorsOf(step).explainSteps([step]);
    rewriteAnswer(data, step.rewrites, this.#parts.types);
    let again = false;
    eachPlace(this.#data, step.step.path, (place) => {
      mergeValue(place, data, again, this.#parts.types.interfaces);
      again = true;
    });
  }

  #mergeEntities({ data, errors }: ExecutionResult, request: EntitiesRequest, portions: readonly Portion[]): void {
    const nothing = data === null || data === undefined;
    const { step } = portions[0]!;
    if (errors) this.#errorsOf(step).aboutEntities(errors, request, portions, nothing);
    if (nothing) return this.#errorsOf(step).explainSteps(stepsOf(portions));
    portions.forEach((portion, number) => {
      const entities = own(data, request.parts[number]!.alias);
      if (Array.isArray(entities) && entities.length === portion.representations.texts.length)
        this.#mergePortion(portion, entities, errors !== undefined);
      else if (!errors)
        this.#fail(
          stepsOf([portion]),
          new Error(
            `Subgraph "${portion.step.step.fetch.serviceName}" answered entities that are not as many as were asked for.`,
          ),
        );
    });
  }

  /** `hadErrors`: they say why an entity is missing. */
  #mergePortion(portion: Portion, entities: readonly unknown[], hadErrors: boolean): void {
    const { step, representations } = portion;
    if (step.rewrites.length > 0) rewriteAnswer(entities, step.rewrites, this.#parts.types);
    const { places, entityOf } = representations;
    const seen = new Uint8Array(entities.length);
    for (let place = 0; place < places.length; place++) {
      const index = entityOf[place]!;
      const entity = entities[index];
      if (typeof entity !== 'object' || entity === null) {
        if (hadErrors && seen[index] === 0) this.#errorsOf(step).explainEntity(portion, index);
      } else step.merge(places[place]!, entity, seen[index] === 1);
      seen[index] = 1;
    }
  }

  #errorsIn(part: number): FetchErrors {
    return (this.#errors[part] ??= new FetchErrors(
      this.#plan,
      this.#data,
      this.#context,
      this.#parts.end,
      this.#parts.log,
    ));
  }

  #errorsOf({ step }: CompiledStep): FetchErrors {
    return this.#errorsIn(step.part);
  }

  #fail(steps: readonly CompiledStep[], error: unknown): void {
    this.#errorsOf(steps[0]!).failed(steps, error);
  }

  #stepsAt(indexes: readonly number[]): CompiledStep[] {
    return indexes.map((index) => this.#plan.steps[index]!);
  }

  /** A fault of the engine's own: the operation must end all the same, and nothing more is sent. */
  #giveUp(error: unknown): void {
    if (this.#hasEnded) return;
    this.#errorsIn(this.#progress?.next ?? 0).ourFault(error);
    for (const { timer } of this.#departures) if (timer !== null) clearTimeout(timer);
    this.#end();
  }
}

interface Outgoing {
  readonly subgraph: string;
  readonly kind: 'query' | 'mutation';
  readonly body: string;
  readonly steps: readonly number[];
  /** Empty for a request of root fields. */
  readonly portions: readonly Portion[];
}
