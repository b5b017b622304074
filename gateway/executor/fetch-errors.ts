import { DeadlinePassed, toErrorBody, type RequestContext, requestInLog } from '@inevitable/contract';
import type { GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import type { FetchRewrite } from '../planner/query-plan.js';
import type { EndSignal } from '../transports/end-signal.js';
import { clientPaths, eachPlace, type AnswerPath, type ClientPath } from './answer-places.js';
import type { CompiledPlan } from './compile-plan.js';
import type { CompiledStep, RootStep } from './compile-steps.js';
import type { EntitiesRequest } from './entities-request.js';
import type { Portion } from './portions.js';
import { isMasked, presentSubgraphError } from './present-errors.js';
import type { SubgraphError } from './subgraph-result.js';

/** A failed fetch concerns every place it was for; a client needs some of them, not all. */
const MOST_ERRORS_PER_FETCH = 10;
const MOST_ERRORS = 200;

/** What went wrong in the fetches of one operation, in the client's own paths. */
export class FetchErrors {
  /** As the client may see them. */
  readonly shown: GraphQLFormattedError[] = [];
  /** Where fetches came back without what they were for: nulls there, above and below have been reported. */
  readonly explained: AnswerPath[] = [];
  readonly #plan: CompiledPlan;
  readonly #data: object;
  readonly #context: RequestContext;
  readonly #end: EndSignal;
  readonly #log: Logger;
  readonly #texts = new Set<string>();
  readonly #concerned = new Map<CompiledStep, readonly AnswerPath[]>();
  #clientPath: ClientPath | null = null;

  /** `data`: all that was fetched so far, whenever a method is called. */
  constructor(plan: CompiledPlan, data: object, context: RequestContext, end: EndSignal, log: Logger) {
    this.#plan = plan;
    this.#data = data;
    this.#context = context;
    this.#end = end;
    this.#log = log;
  }

  /** The steps got no answer. */
  failed(steps: readonly CompiledStep[], error: unknown): void {
    const { serviceName } = steps[0]!.step.fetch;
    const leftByClient = this.#end.aborted && !(error instanceof DeadlinePassed);
    if (!leftByClient) this.#report(error, serviceName);
    const { message, extensions } = toErrorBody(error);
    this.#showFor(steps, { message, extensions: { ...extensions, service: serviceName } });
  }

  /** A fault of the engine's own. */
  ourFault(error: unknown): void {
    this.#log.error({ err: error, ...requestInLog(this.#context) }, 'The executor failed.');
    this.shown.push({ ...toErrorBody(error) });
  }

  /** What a subgraph said about root fields. */
  aboutRoot(step: RootStep, errors: readonly SubgraphError[]): void {
    const places = placesOf(this.#data, step.step.path);
    for (const error of errors) {
      const shown = this.#present(error, step);
      const { path } = error;
      if (!path) this.#showFor([step], shown);
      else
        this.#showAt(
          places.map((place) => [...place, ...renamed(path, step.rewrites)]),
          shown,
        );
    }
  }

  /**
   * What a subgraph said about entities. `nothing`: there are no data. An error about one list of entities, which may not
   * be null, took the others with it.
   */
  aboutEntities(
    errors: readonly SubgraphError[],
    { parts }: EntitiesRequest,
    portions: readonly Portion[],
    nothing: boolean,
  ): void {
    for (const error of errors) {
      const [alias, index, ...rest] = error.path ?? [];
      const portion = portions[parts.findIndex((part) => part.alias === alias)];
      const shown = this.#present(error, (portion ?? portions[0]!).step);
      if (portion && typeof index === 'number') {
        const below = renamed(rest, portion.step.rewrites);
        const places = portion.placesOf(index, this.#data).map((place) => [...place, ...below]);
        if (places.length > 0) this.#showAt(places, shown);
        else this.#show(shown); // an index beyond what was asked: said, if nowhere in particular
      } else this.#showFor(stepsOf(portion && !nothing ? [portion] : portions), shown);
    }
  }

  /** All that the steps are for is missing, and an error has said why. */
  explainSteps(steps: readonly CompiledStep[]): void {
    for (const step of steps) this.#placesOfStep(step);
  }

  /** An error says why an entity is missing, and mostly names one field of it: the others are missing for the same reason. */
  explainEntity(portion: Portion, entity: number): void {
    for (const place of portion.placesOf(entity, this.#data))
      for (const field of portion.step.fields) this.#explain([...place, field]);
  }

  /** The fields that a step is for, at every place, as the client knows them. Once asked for, they are explained. */
  #placesOfStep(step: CompiledStep): readonly AnswerPath[] {
    let places = this.#concerned.get(step);
    if (!places) {
      places = placesOf(this.#data, step.step.path).flatMap((place) =>
        step.fields.map((field) => this.#explain([...place, field])),
      );
      this.#concerned.set(step, places);
    }
    return places;
  }

  /** Answers the client's path. */
  #explain(fetched: AnswerPath): AnswerPath {
    this.#clientPath ??= clientPaths(this.#plan.client);
    const path = this.#clientPath(fetched);
    this.explained.push(path);
    return path;
  }

  /** Nothing waits for some: a failed fetch of entities for places that another failure left empty. */
  #showFor(steps: readonly CompiledStep[], error: GraphQLFormattedError): void {
    this.explainSteps(steps);
    this.#showAtSome(this.#placesOf(steps), error);
  }

  /** One after the other: a list of their places, made anew for each of very many errors, takes minutes. */
  *#placesOf(steps: readonly CompiledStep[]): Generator<AnswerPath> {
    for (const step of steps) yield* this.#placesOfStep(step);
  }

  #showAt(fetched: readonly AnswerPath[], error: GraphQLFormattedError): void {
    this.#showAtSome(
      fetched.map((path) => this.#explain(path)),
      error,
    );
  }

  #showAtSome(paths: Iterable<AnswerPath>, error: GraphQLFormattedError): void {
    const seen = new Set<string>();
    for (const path of paths) {
      if (seen.size >= MOST_ERRORS_PER_FETCH || this.shown.length >= MOST_ERRORS) return;
      const text = JSON.stringify(path);
      if (seen.has(text)) continue;
      seen.add(text);
      this.#show(error, path);
    }
  }

  #show({ message, extensions }: GraphQLFormattedError, path: AnswerPath = []): void {
    const shown = { message, ...(path.length > 0 && { path }), ...(extensions && { extensions }) };
    const text = JSON.stringify(shown);
    if (this.shown.length >= MOST_ERRORS || this.#texts.has(text)) return;
    this.#texts.add(text);
    this.shown.push(shown);
  }

  #present(error: SubgraphError, { step }: CompiledStep): GraphQLFormattedError {
    const { serviceName } = step.fetch;
    if (isMasked(error)) this.#report(error, serviceName);
    return presentSubgraphError(error, serviceName);
  }

  #report(error: unknown, subgraph: string): void {
    this.#log.error({ err: error, ...requestInLog(this.#context), subgraph }, 'A subgraph failed.');
  }
}

export const stepsOf = (portions: readonly Portion[]): CompiledStep[] =>
  portions.flatMap(({ members }) => members.map(({ step }) => step));

function placesOf(data: object, path: readonly (string | number)[]): AnswerPath[] {
  const places: AnswerPath[] = [];
  eachPlace(data, path, (_place, where) => void places.push(where));
  return places;
}

/** A path in a subgraph's answer after the plan's output rewrites. */
function renamed(path: AnswerPath, rewrites: readonly FetchRewrite[]): AnswerPath {
  if (rewrites.length === 0) return path;
  const names = new Map(
    rewrites.flatMap((rewrite) =>
      rewrite.kind === 'KeyRenamer' ? [[rewrite.path.at(-1)!, rewrite.renameKeyTo] as const] : [],
    ),
  );
  return path.map((key) => (typeof key === 'string' ? (names.get(key) ?? key) : key));
}
