import { eachPlace, type AnswerPath } from './answer-places.js';
import type { CompiledPlan, Companions } from './compile-plan.js';
import type { CompiledStep, ContextStep, EntityStep } from './compile-steps.js';
import { entitiesRequest, type EntitiesRequest } from './entities-request.js';
import { Representations } from './representations.js';

/** Entities of one selection in a request, and the steps they are for. */
export class Portion {
  readonly step: EntityStep | ContextStep;
  /** Equal keys, equal part of the document. */
  readonly key: string;
  readonly representations: Representations;
  /** JSON of the arguments from above (`@fromContext`), by variable; null: it has none. */
  readonly values: ReadonlyMap<string, string> | null;
  /** Places up to `end` (from where the previous ended) belong to `step`. */
  readonly members: { readonly step: CompiledStep; readonly end: number }[] = [];
  #paths: readonly AnswerPath[][] | null = null;

  constructor(
    step: EntityStep | ContextStep,
    key: string,
    representations: Representations,
    values: ReadonlyMap<string, string> | null,
  ) {
    this.step = step;
    this.key = key;
    this.representations = representations;
    this.values = values;
  }

  /** All places that have been gathered since belong to `step`. */
  addMember(step: CompiledStep): void {
    this.members.push({ step, end: this.representations.places.length });
  }

  /** Where an entity belongs. Found by walking again: only an error wants to know. */
  placesOf(entity: number, data: object): readonly AnswerPath[] {
    this.#paths ??= this.#walkAgain(data);
    return this.#paths[entity] ?? [];
  }

  #walkAgain(data: object): readonly AnswerPath[][] {
    const { texts, places, entityOf } = this.representations;
    const paths: AnswerPath[][] = texts.map(() => []);
    let next = 0;
    for (const { step, end } of this.members) {
      eachPlace(data, step.step.path, (place, where) => {
        if (next >= end || places[next] !== place) return;
        paths[entityOf[next]!]!.push(where);
        next++;
      });
      next = end;
    }
    return paths;
  }
}

/** What the steps ask for, equal selections together. Steps that find no entity in the data are in no portion. */
export function portionsOf(plan: CompiledPlan, indexes: readonly number[], data: object): Portion[] {
  const bySelection = new Map<string, Portion>();
  const portions: Portion[] = [];
  for (const index of indexes) {
    const step = plan.steps[index] as EntityStep | ContextStep;
    if (step.kind === 'context') {
      for (const { representations, values } of step.gather(data)) {
        const portion = new Portion(step, `${index}*`, representations, values);
        portion.addMember(step);
        portions.push(portion);
      }
      continue;
    }
    const selection = indexes.length > 1 ? step.selection.text() : 'the only one';
    let portion = bySelection.get(selection);
    const representations = portion?.representations ?? new Representations();
    const before = representations.places.length;
    step.gather(data, representations);
    if (representations.places.length === before) continue;
    if (!portion) {
      portion = new Portion(step, String(index), representations, null);
      bySelection.set(selection, portion);
      portions.push(portion);
    }
    portion.addMember(step);
  }
  return portions;
}

/** Few combinations occur, but `@fromContext` makes one for each number of values. */
const REQUESTS_KEPT = 32;

/** The request for these portions together: made once for each combination. */
export function requestFor({ requests }: Companions, portions: readonly Portion[]): EntitiesRequest {
  const key = portions.length === 1 ? portions[0]!.key : portions.map((portion) => portion.key).join();
  let request = requests.get(key);
  if (!request) {
    request = entitiesRequest(
      portions.map(({ step, values }) => ({ selection: step.selection, own: values ? ownVariables(step) : [] })),
    );
    if (requests.size === REQUESTS_KEPT) requests.delete(requests.keys().next().value!); // the oldest
    requests.set(key, request);
  }
  return request;
}

/** JSON members of a request's variables that are the portions' own. */
export function portionVariables({ parts }: EntitiesRequest, portions: readonly Portion[]): string[] {
  const texts: string[] = [];
  portions.forEach(({ representations, values }, number) => {
    const part = parts[number]!;
    texts.push(`"${part.representations}":[${representations.texts.join()}]`);
    if (values === null) return;
    for (const [name, as] of part.own) {
      const text = values.get(name);
      if (text !== undefined) texts.push(`"${as}":${text}`);
    }
  });
  return texts;
}

const ownVariables = ({ step }: ContextStep | EntityStep): string[] => [
  ...new Set((step.fetch.contextRewrites ?? []).map(({ renameKeyTo }) => renameKeyTo)),
];
