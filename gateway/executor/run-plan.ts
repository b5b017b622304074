import {
  DeadlinePassed,
  SubgraphUnreachable,
  toErrorBody,
  type RequestContext,
  type SubgraphRequest,
} from '@inevitable/contract';
import type { ExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import type { FetchRewrite } from '../planner/query-plan.js';
import { parseAnswer } from '../transports/parse-answer.js';
import type { SubgraphAnswer, SubgraphTransport } from '../transports/subgraph-transport.js';
import { clientPaths, eachPlace, type AnswerPath, type ClientPath } from './answer-places.js';
import { mergeValue } from './compile-merge.js';
import type { CompiledPlan, Companions } from './compile-plan.js';
import type { CompiledStep, ContextStep, EntityStep, RootStep } from './compile-steps.js';
import { copyOf } from './copy-of.js';
import { bodyStart, entitiesRequest, type EntitiesRequest } from './entities-request.js';
import { own } from './generated-code.js';
import { isMasked, presentSubgraphError } from './present-errors.js';
import { Representations } from './representations.js';
import { rewriteAnswer } from './rewrite-answer.js';
import type { TypeConditions } from './type-conditions.js';

export interface RunParts {
  readonly transports: ReadonlyMap<string, SubgraphTransport>;
  readonly types: TypeConditions;
  readonly log: Logger;
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
  /** True when an equal fetch was under way, and its answer was taken. */
  readonly shared: boolean;
  readonly failed: boolean;
}

export interface Fetched {
  /** A subgraph's response that already is the client's answer; `data` is empty then. */
  readonly passedThrough: Buffer | null;
  /** All that subgraphs answered, by planned names. */
  readonly data: object;
  /** As the client may see them, with the client's paths. */
  readonly errors: readonly GraphQLFormattedError[];
  /** Where fetches came back without what they were for: nulls there, above and below have been reported. */
  readonly explained: readonly AnswerPath[];
}

/** A failed fetch concerns every place it was for; a client needs some of them, not all. */
const MOST_ERRORS_PER_FETCH = 10;
const MOST_ERRORS = 200;
/** How long a fetch waits for companions that are not ready, at least. */
const COMPANION_WAIT_MS = 50;

/** Runs every fetch of a plan. Never rejects: what failed is in `errors`, and its places are empty. */
export function runPlan(
  plan: CompiledPlan,
  variables: Readonly<Record<string, unknown>>,
  context: RequestContext,
  parts: RunParts,
): Promise<Fetched> {
  return new PlanRun(plan, variables, context, parts).run();
}

/** Entities of one selection in a request, and the steps they are for. */
interface Portion {
  readonly step: EntityStep | ContextStep;
  readonly key: string;
  readonly representations: Representations;
  readonly values: ReadonlyMap<string, string> | null;
  /** Places up to `end` (from where the previous ended) belong to `step`. */
  readonly members: { readonly step: CompiledStep; readonly end: number }[];
  /** Where each entity belongs; null until an error asks. */
  paths: readonly AnswerPath[][] | null;
}

interface Gathering {
  readonly arrived: number[];
  /** Steps that may still join. */
  coming: number;
  timer: NodeJS.Timeout | null;
}

class PlanRun {
  readonly #plan: CompiledPlan;
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #context: RequestContext;
  readonly #parts: RunParts;
  readonly #data: object = {};
  readonly #errors: GraphQLFormattedError[] = [];
  readonly #explained: AnswerPath[] = [];
  readonly #startedAt = performance.now();
  readonly #waitsFor: number[];
  readonly #gatherings: Gathering[];
  #left: number;
  #finish!: (fetched: Fetched) => void;
  #clientPath: ClientPath | null = null;
  #passedThrough: Buffer | null = null;

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
    this.#waitsFor = plan.steps.map(({ step }) => step.after.length);
    this.#gatherings = plan.companions.map(({ steps }) => ({ arrived: [], coming: steps.length, timer: null }));
    this.#left = plan.steps.length;
  }

  run(): Promise<Fetched> {
    return new Promise((resolve) => {
      this.#finish = resolve;
      if (this.#left === 0) return this.#end();
      for (const { step } of this.#plan.steps) if (step.after.length === 0) this.#ready(step.index);
    });
  }

  #end(): void {
    this.#finish({
      data: this.#data,
      errors: this.#errors,
      explained: this.#explained,
      passedThrough: this.#passedThrough,
    });
  }

  #ready(index: number): void {
    const group = this.#plan.companionsOf[index]!;
    const gathering = this.#gatherings[group]!;
    gathering.arrived.push(index);
    gathering.coming--;
    if (gathering.coming === 0) this.#send(group);
    else if (gathering.timer === null) {
      // Waiting for a slow branch would make a fast one slow: never longer than the operation has taken so far.
      const elapsed = performance.now() - this.#startedAt;
      gathering.timer = setTimeout(
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
    for (const index of indexes) {
      for (const next of this.#plan.unblocks[index]!) if (--this.#waitsFor[next]! === 0) this.#ready(next);
    }
    this.#left -= indexes.length;
    if (this.#left === 0) this.#end();
  }

  /** Sends what has arrived. */
  #send(group: number): void {
    const gathering = this.#gatherings[group]!;
    if (gathering.timer !== null) clearTimeout(gathering.timer);
    gathering.timer = null;
    const indexes = gathering.arrived.splice(0);
    const { signal, deadline } = this.#context;
    const late = signal.aborted || Date.now() >= deadline;
    try {
      if (late) {
        this.#fail(indexes, signal.reason ?? new DeadlinePassed('No time was left to ask a subgraph.'));
        this.#done(indexes);
        return;
      }
      const first = this.#plan.steps[indexes[0]!]!;
      if (first.kind === 'root') this.#sendRoot(first);
      else this.#sendEntities(this.#plan.companions[group]!, indexes);
    } catch (error) {
      this.#fail(indexes, error);
      this.#done(indexes);
    }
  }

  #sendRoot(step: RootStep): void {
    const body = `${bodyStart(step.query)}${this.#variableTexts(step.variables).join()}}}`;
    const { index, fetch } = step.step;
    this.#request(
      { subgraph: fetch.serviceName, kind: step.mutation ? 'mutation' : 'query', body, steps: [index] },
      ({ data, errors }) => {
        if (errors) this.#rootErrors(step, errors);
        if (data === null || data === undefined) return this.#explain(this.#concerned([step]));
        rewriteAnswer(data, step.rewrites, this.#parts.types);
        let again = false;
        eachPlace(this.#data, step.step.path, (place) => {
          mergeValue(place, data, again);
          again = true;
        });
      },
    );
  }

  #sendEntities(companions: Companions, indexes: readonly number[]): void {
    const portions = this.#portionsOf(indexes);
    const asked = new Set(portions.flatMap(({ members }) => members.map(({ step }) => step.step.index)));
    if (portions.length > 0) {
      const request = this.#requestFor(companions, portions);
      this.#request(
        {
          subgraph: companions.subgraph,
          kind: 'query',
          body: this.#entitiesBody(request, portions),
          steps: [...asked],
          portions,
        },
        (result) => this.#mergeEntities(result, request, portions),
      );
    }
    const empty = indexes.filter((index) => !asked.has(index));
    if (empty.length > 0) this.#done(empty);
  }

  #portionsOf(indexes: readonly number[]): Portion[] {
    const bySelection = new Map<string, Portion>();
    const portions: Portion[] = [];
    for (const index of indexes) {
      const step = this.#plan.steps[index] as EntityStep | ContextStep;
      if (step.kind === 'context') {
        for (const { representations, values } of step.gather(this.#data))
          portions.push({
            step,
            key: `${index}*`,
            representations,
            values,
            members: [{ step, end: representations.places.length }],
            paths: null,
          });
        continue;
      }
      let portion = bySelection.get(step.selection.text);
      const representations = portion?.representations ?? new Representations();
      const before = representations.places.length;
      step.gather(this.#data, representations);
      const end = representations.places.length;
      if (end === before) continue;
      if (!portion) {
        portion = { step, key: String(index), representations, values: null, members: [], paths: null };
        bySelection.set(step.selection.text, portion);
        portions.push(portion);
      }
      portion.members.push({ step, end });
    }
    return portions;
  }

  #requestFor({ requests }: Companions, portions: readonly Portion[]): EntitiesRequest {
    const key = portions.map((portion) => portion.key).join();
    let request = requests.get(key);
    if (!request) {
      request = entitiesRequest(
        portions.map(({ step, values }) => ({ selection: step.selection, own: values ? ownVariables(step) : [] })),
      );
      requests.set(key, request);
    }
    return request;
  }

  #entitiesBody(request: EntitiesRequest, portions: readonly Portion[]): string {
    const values = request.parts.flatMap(({ representations, own: renamed }, part) => {
      const portion = portions[part]!;
      const list = `"${representations}":[${portion.representations.texts.join()}]`;
      const ownValues = [...renamed].flatMap(([name, as]) => {
        const text = portion.values?.get(name);
        return text === undefined ? [] : [`"${as}":${text}`];
      });
      return [list, ...ownValues];
    });
    return `${request.start}${[...values, ...this.#variableTexts(request.variables)].join()}}}`;
  }

  #variableTexts(names: readonly string[]): string[] {
    return names.flatMap((name) => {
      const value = own(this.#variables, this.#plan.clientVariable(name));
      return value === undefined ? [] : [`${JSON.stringify(name)}:${JSON.stringify(value)}`];
    });
  }

  #request({ subgraph, kind, body, steps, portions = [] }: Outgoing, take: (result: ExecutionResult) => void): void {
    const { onFetch } = this.#parts;
    const startMs = onFetch ? performance.now() - this.#startedAt : 0;
    const report = (answer: SubgraphAnswer | null): void =>
      onFetch?.({
        subgraph,
        startMs,
        durationMs: performance.now() - this.#startedAt - startMs,
        requestBytes: Buffer.byteLength(body),
        responseBytes: answer?.kind === 'bytes' ? answer.bytes.length : null,
        steps,
        places: portions.reduce((sum, { representations }) => sum + representations.places.length, 0),
        entities: portions.reduce((sum, { representations }) => sum + representations.texts.length, 0),
        shared: answer?.kind === 'bytes' && answer.shared,
        failed: answer === null,
      });
    const transport = this.#parts.transports.get(subgraph);
    if (!transport) throw new Error(`There is no subgraph "${subgraph}" to ask.`);
    const headers = this.#parts.headersFor?.(subgraph);
    const request = () => JSON.parse(body) as SubgraphRequest;
    const fetch = { kind, operationName: null, body, request, ...(headers && { headers }) };
    transport
      .send(fetch, this.#context, this.#context.signal)
      .then((answer) => {
        if (answer.kind === 'bytes' && this.#plan.passThrough?.recognizes(answer.bytes))
          this.#passedThrough = answer.bytes;
        else take(resultIn(answer, subgraph));
        report(answer);
      })
      .catch((error: unknown) => {
        report(null);
        this.#fail(steps, error);
      })
      .then(() => this.#done(steps))
      .catch((error: unknown) => this.#giveUp(error));
  }

  #mergeEntities({ data, errors }: ExecutionResult, { parts }: EntitiesRequest, portions: readonly Portion[]): void {
    const nothing = data === null || data === undefined;
    if (errors) this.#entityErrors(errors, parts, portions, nothing);
    if (nothing) {
      const members = portions.flatMap((portion) => portion.members.map(({ step }) => step));
      return this.#explain(this.#concerned(members));
    }
    portions.forEach((portion, number) => {
      const { representations, step } = portion;
      const entities = own(data, parts[number]!.alias);
      if (!Array.isArray(entities) || entities.length !== representations.texts.length) {
        if (!errors)
          this.#fail(
            portion.members.map((member) => member.step.step.index),
            new Error(
              `Subgraph "${step.step.fetch.serviceName}" answered entities that are not as many as were asked for.`,
            ),
          );
        return;
      }
      if (step.rewrites.length > 0) rewriteAnswer(entities, step.rewrites, this.#parts.types);
      const { places, entityOf } = representations;
      const seen = new Uint8Array(entities.length);
      for (let place = 0; place < places.length; place++) {
        const index = entityOf[place]!;
        const entity: unknown = entities[index];
        if (typeof entity !== 'object' || entity === null) {
          if (errors) this.#explainEntity(portion, index);
          continue;
        }
        step.merge(places[place]!, entity, seen[index] === 1);
        seen[index] = 1;
      }
    });
  }

  /** An error says why an entity is missing, and mostly names one field of it: the others are missing for the same reason. */
  #explainEntity(portion: Portion, entity: number): void {
    const { fields } = portion.step;
    this.#explain(this.#placesOfEntity(portion, entity).flatMap((place) => fields.map((field) => [...place, field])));
  }

  #explain(fetched: readonly AnswerPath[]): void {
    this.#clientPath ??= clientPaths(this.#plan.client);
    for (const path of fetched) this.#explained.push(this.#clientPath(path));
  }

  #rootErrors(step: RootStep, errors: readonly SubgraphError[]): void {
    const places = placesOf(this.#data, step.step.path);
    for (const error of errors) {
      const shown = this.#present(error, step);
      if (!error.path) this.#add(shown, this.#concerned([step]));
      else for (const place of places) this.#add(shown, [[...place, ...renamed(error.path, step.rewrites)]]);
    }
  }

  /** `nothing`: there are no data. An error about one list of entities, which may not be null, took the others with it. */
  #entityErrors(
    errors: readonly SubgraphError[],
    parts: EntitiesRequest['parts'],
    portions: readonly Portion[],
    nothing: boolean,
  ): void {
    for (const error of errors) {
      const [alias, index, ...rest] = error.path ?? [];
      const number = parts.findIndex((part) => part.alias === alias);
      const portion = portions[number];
      const shown = this.#present(error, (portion ?? portions[0]!).step);
      if (portion && typeof index === 'number') {
        const below = renamed(rest, portion.step.rewrites);
        const places = this.#placesOfEntity(portion, index).map((place) => [...place, ...below]);
        this.#add(shown, places.length > 0 ? places : [[]]); // an index beyond what was asked: said, if nowhere in particular
      } else {
        const concerned = (portion && !nothing ? [portion] : portions).flatMap(({ members }) =>
          members.map(({ step }) => step),
        );
        this.#add(shown, this.#concerned(concerned));
      }
    }
  }

  #placesOfEntity(portion: Portion, entity: number): readonly AnswerPath[] {
    portion.paths ??= this.#pathsOfEntities(portion);
    return portion.paths[entity] ?? [];
  }

  /** Where each entity belongs. Found by walking again: only an error wants to know. */
  #pathsOfEntities({ representations, members }: Portion): readonly AnswerPath[][] {
    const { texts, places, entityOf } = representations;
    const paths: AnswerPath[][] = texts.map(() => []);
    let next = 0;
    for (const { step, end } of members) {
      eachPlace(this.#data, step.step.path, (place, where) => {
        if (next >= end || places[next] !== place) return;
        paths[entityOf[next]!]!.push(where);
        next++;
      });
      next = end;
    }
    return paths;
  }

  /** The fields that steps are for, at every place. */
  #concerned(steps: readonly CompiledStep[]): AnswerPath[] {
    return steps.flatMap((step) =>
      placesOf(this.#data, step.step.path).flatMap((place) => step.fields.map((field) => [...place, field])),
    );
  }

  #present(error: SubgraphError, { step }: CompiledStep): GraphQLFormattedError {
    const { serviceName } = step.fetch;
    if (isMasked(error)) this.#report(error, serviceName);
    return presentSubgraphError(error, serviceName);
  }

  /** The steps got no answer. */
  #fail(indexes: readonly number[], error: unknown): void {
    const steps = indexes.map((index) => this.#plan.steps[index]!);
    const { serviceName } = steps[0]!.step.fetch;
    const leftByClient = this.#context.signal.aborted && !(error instanceof DeadlinePassed);
    if (!leftByClient) this.#report(error, serviceName);
    const { message, extensions } = toErrorBody(error);
    this.#add({ message, extensions: { ...extensions, service: serviceName } }, this.#concerned(steps));
  }

  #add(error: GraphQLFormattedError, fetched: readonly AnswerPath[]): void {
    this.#clientPath ??= clientPaths(this.#plan.client);
    this.#explain(fetched);
    const paths = new Map<string, AnswerPath>();
    for (const path of fetched) {
      if (paths.size >= MOST_ERRORS_PER_FETCH) break;
      const known = this.#clientPath(path);
      paths.set(JSON.stringify(known), known);
    }
    // Nothing waits for it: a failed fetch of entities for places that another failure left empty.
    if (paths.size === 0) return;
    for (const path of paths.values()) {
      if (this.#errors.length >= MOST_ERRORS) return;
      const shown = {
        message: error.message,
        ...(path.length > 0 && { path }),
        ...(error.extensions && { extensions: error.extensions }),
      };
      const text = JSON.stringify(shown);
      if (!this.#errors.some((other) => JSON.stringify(other) === text)) this.#errors.push(shown);
    }
  }

  #report(error: unknown, subgraph: string): void {
    this.#parts.log.error({ err: error, requestId: this.#context.requestId, subgraph }, 'A subgraph failed.');
  }

  /** A fault of the engine's own: the operation must end all the same. */
  #giveUp(error: unknown): void {
    this.#parts.log.error({ err: error, requestId: this.#context.requestId }, 'The executor failed.');
    this.#errors.push({ ...toErrorBody(error) });
    for (const { timer } of this.#gatherings) if (timer !== null) clearTimeout(timer);
    this.#end();
  }
}

/** In process it is the error itself; from elsewhere, what its JSON says. */
type SubgraphError = GraphQLError | GraphQLFormattedError;

interface Outgoing {
  readonly subgraph: string;
  readonly kind: 'query' | 'mutation';
  readonly body: string;
  readonly steps: readonly number[];
  readonly portions?: readonly Portion[];
}

/** Throws `SubgraphUnreachable` where there is neither data nor an error: nobody would have said why the answer is null. */
function resultIn(answer: SubgraphAnswer, subgraph: string): ExecutionResult {
  const result = answer.kind === 'bytes' ? parseAnswer(answer.bytes, subgraph) : ownResult(answer.result);
  if (!result.errors && (typeof result.data !== 'object' || result.data === null))
    throw new SubgraphUnreachable(subgraph, new Error('It answered neither data nor errors.'));
  return result;
}

/** In process the result is the subgraph's own; the engine writes later fetches into a copy. */
const ownResult = ({ data, errors }: ExecutionResult): ExecutionResult => ({
  ...(data !== undefined && { data: copyOf(data) as Record<string, unknown> | null }),
  ...(errors && errors.length > 0 && { errors }),
});

const ownVariables = ({ step }: ContextStep | EntityStep): string[] => [
  ...new Set((step.fetch.contextRewrites ?? []).map(({ renameKeyTo }) => renameKeyTo)),
];

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
