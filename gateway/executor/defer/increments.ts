import { toErrorBody } from '@inevitable/contract';
import type { GraphQLFormattedError } from 'graphql';
import { AnswerProblems } from '../answer-problems.js';
import { clientPaths, type AnswerPath, type ClientPath } from '../answer-places.js';
import type { Answer } from '../answer.js';
import type { CompiledPlan } from '../compile-plan.js';
import { introspect } from '../introspect.js';
import type { FetchedPart } from '../run-plan.js';
import type { TypeConditions } from '../type-conditions.js';
import { eachPartPlace } from './part-places.js';
import { PlaceTree } from './place-tree.js';

/** One object that a deferred fragment will say more about. */
export interface PendingPlace {
  /** Unique in its answer. */
  readonly id: string;
  readonly label: string | null;
  /** The client's. */
  readonly path: AnswerPath;
}

/** What a deferred fragment says of one object. */
export interface Increment {
  readonly at: PendingPlace;
  /** JSON; null: null reached the fragment's top. */
  readonly data: string | null;
  readonly errors: readonly GraphQLFormattedError[];
}

/** A part of the answer: what it says, and where more will be said now that it is there. */
export interface WrittenPart {
  readonly increments: readonly Increment[];
  readonly pending: readonly PendingPlace[];
}

interface Place {
  readonly pending: PendingPlace;
  readonly object: object;
}

/** What the client was given at a place. */
interface Given {
  readonly path: AnswerPath;
  /** JSON; null: all that was fetched. */
  readonly text: string | null;
}

/** Writes the parts of one answer, each after the one it is within. */
export class Increments {
  readonly #plan: CompiledPlan;
  readonly #types: TypeConditions;
  readonly #introspected: (field: Parameters<typeof introspect>[0]) => string;
  readonly #clientPath: ClientPath;
  readonly #places = new Map<number, readonly Place[]>();
  #ids = 0;

  constructor(plan: CompiledPlan, types: TypeConditions, variables: Readonly<Record<string, unknown>>) {
    this.#plan = plan;
    this.#types = types;
    this.#introspected = (field) => introspect(field, plan.schema, plan.client, variables);
    this.#clientPath = clientPaths(plan.client);
  }

  /** After the first answer was written. */
  first({ data }: FetchedPart, { data: text, errors }: Answer): readonly PendingPlace[] {
    return this.#announce(0, data, [{ path: [], text: errors.length === 0 ? null : String(text) }]);
  }

  /** `part` counts from 1. */
  next(part: number, { data, errors, explained }: FetchedPart): WrittenPart {
    const places = this.#places.get(part) ?? NOWHERE;
    const said = errorsByPlace(errors, places);
    const problems = new AnswerProblems(explained);
    const given: Given[] = [];
    const increments = places.map(({ pending, object }): Increment => {
      const { path } = pending;
      const own = said.get(pending) ?? [];
      const text = this.#writeQuickly(part, object);
      if (text !== null) {
        given.push({ path, text: null });
        return { at: pending, data: text, errors: own };
      }
      const before = problems.found.length;
      problems.startAt(path);
      const exact = this.#plan.deferred[part - 1]!.writers.exact()(object, problems, this.#introspected);
      if (exact !== null) given.push({ path, text: exact });
      const all = [...own, ...problems.found.slice(before)];
      if (exact !== null || all.length > 0) return { at: pending, data: exact, errors: all };
      return { at: pending, data: null, errors: [asEmpty(path, errors[0] ?? problems.found[0])] };
    });
    return { increments, pending: this.#announce(part, data, given) };
  }

  /** Null: something does not fit, or may not be seen; or it is the first. */
  #writeQuickly(part: number, object: object): string | null {
    const write = this.#plan.deferred[part - 1]!.writers.quick();
    return write && write(object, this.#introspected, { objects: 0 });
  }

  /** `given`: what the client got of the part `within` just now. Null reached beyond everything else. */
  #announce(within: number, data: object, given: readonly Given[]): readonly PendingPlace[] {
    if (!this.#plan.deferred.some((deferred) => deferred.within === within)) return [];
    const known = new PlaceTree<HasObjectAt>();
    for (const { path, text } of given) known.add(path, text === null ? hasEveryObject : objectsIn(text, path.length));
    return this.#plan.deferred.flatMap((deferred, at) => {
      if (deferred.within !== within) return [];
      const places: Place[] = [];
      eachPartPlace(data, deferred.path, this.#types, (object, where) => {
        const path = this.#clientPath(where);
        if (known.nearest(path)?.(path))
          places.push({ object, pending: { id: String(this.#ids++), label: deferred.label, path } });
      });
      this.#places.set(at + 1, places);
      return places.map(({ pending }) => pending);
    });
  }
}

const NOWHERE: readonly never[] = [];

/** Each error where what it says belongs: one that concerns several places is told at the first of them. */
function errorsByPlace(
  errors: readonly GraphQLFormattedError[],
  places: readonly Place[],
): ReadonlyMap<PendingPlace, readonly GraphQLFormattedError[]> {
  const byPlace = new Map<PendingPlace, GraphQLFormattedError[]>();
  if (errors.length === 0) return byPlace;
  const known = new PlaceTree<PendingPlace>();
  for (const { pending } of places) known.add(pending.path, pending);
  for (const error of errors) {
    const place = known.nearest(error.path ?? []);
    if (!place) continue;
    const here = byPlace.get(place);
    if (here) here.push(error);
    else byPlace.set(place, [error]);
  }
  return byPlace;
}

/** A failure that left many places empty was told of some of them. The client must learn it of each. */
function asEmpty(path: AnswerPath, cause: GraphQLFormattedError | undefined): GraphQLFormattedError {
  const { message, extensions } = cause ?? toErrorBody(null); // an error of an earlier part is the reason
  return { message, ...(path.length > 0 && { path }), ...(extensions && { extensions }) };
}

type HasObjectAt = (place: AnswerPath) => boolean;

const hasEveryObject: HasObjectAt = () => true;

/** `text`: JSON, of what is `depth` keys below the answer's root. */
function objectsIn(text: string, depth: number): HasObjectAt {
  const top = JSON.parse(text) as unknown;
  return (place) => {
    let found = top;
    for (const key of place.slice(depth)) {
      if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return false;
      found = (found as Record<string | number, unknown>)[key];
    }
    return typeof found === 'object' && found !== null;
  };
}
