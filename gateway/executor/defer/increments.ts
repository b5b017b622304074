import type { GraphQLFormattedError } from 'graphql';
import { AnswerProblems, ProblemAlarm } from '../answer-problems.js';
import { clientPaths, type AnswerPath, type ClientPath } from '../answer-places.js';
import type { Answer } from '../answer.js';
import type { CompiledPlan } from '../compile-plan.js';
import { introspect } from '../introspect.js';
import type { FetchedPart } from '../run-plan.js';
import type { TypeConditions } from '../type-conditions.js';
import { eachPartPlace } from './part-places.js';

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

/** Writes the parts of one answer, each after the one it is within. */
export class Increments {
  readonly #plan: CompiledPlan;
  readonly #types: TypeConditions;
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #clientPath: ClientPath;
  readonly #places = new Map<number, readonly Place[]>();
  #ids = 0;

  constructor(plan: CompiledPlan, types: TypeConditions, variables: Readonly<Record<string, unknown>>) {
    this.#plan = plan;
    this.#types = types;
    this.#variables = variables;
    this.#clientPath = clientPaths(plan.client);
  }

  /** After the first answer was written. */
  first({ data }: FetchedPart, answer: Answer): readonly PendingPlace[] {
    const shown = answer.errors.length === 0 ? null : [{ path: [], value: parsed(String(answer.data)) }];
    return this.#announce(0, data, shown);
  }

  /** `part` counts from 1. */
  next(part: number, fetched: FetchedPart): WrittenPart {
    const increments = (this.#places.get(part) ?? []).map((place) => this.#write(part, place, fetched));
    const hadErrors = increments.some(({ errors }) => errors.length > 0);
    const shown = hadErrors
      ? increments.map(({ at, data }) => ({ path: at.path, value: parsed(data ?? 'null') }))
      : null;
    return { increments, pending: this.#announce(part, fetched.data, shown) };
  }

  #write(part: number, { pending, object }: Place, { errors, explained }: FetchedPart): Increment {
    const { writer } = this.#plan.deferred[part - 1]!;
    const { client, schema } = this.#plan;
    const introspected = (field: Parameters<typeof introspect>[0]): string =>
      introspect(field, schema, client, this.#variables);
    const own = errors.filter(({ path = [] }) => isAtOrBelow(path, pending.path));
    const alarm = new ProblemAlarm();
    const text = client.mayDeny ? null : writer('quick')(object, alarm, introspected);
    if (!client.mayDeny && !alarm.raised) return { at: pending, data: text, errors: own };
    const problems = new AnswerProblems(explained, pending.path);
    const exact = writer('exact')(object, problems, introspected);
    return { at: pending, data: exact, errors: [...own, ...problems.found] };
  }

  /** `shown`: what the client was given just now, where it may not be all; null: all there is. */
  #announce(within: number, data: object, shown: readonly Shown[] | null): readonly PendingPlace[] {
    return this.#plan.deferred.flatMap((deferred, at) => {
      if (deferred.within !== within) return [];
      const places: Place[] = [];
      eachPartPlace(data, deferred.path, this.#types, (object, where) => {
        const path = this.#clientPath(where);
        if (shown && !shown.some((one) => isObjectAt(one, path))) return; // null reached beyond it
        places.push({ object, pending: { id: String(this.#ids++), label: deferred.label, path } });
      });
      this.#places.set(at + 1, places);
      return places.map(({ pending }) => pending);
    });
  }
}

interface Shown {
  readonly path: AnswerPath;
  readonly value: unknown;
}

const parsed = (text: string): unknown => JSON.parse(text) as unknown;

const isAtOrBelow = (path: AnswerPath, place: AnswerPath): boolean =>
  path.length >= place.length ? place.every((key, at) => path[at] === key) : path.every((key, at) => place[at] === key);

function isObjectAt({ path, value }: Shown, place: AnswerPath): boolean {
  if (!path.every((key, at) => place[at] === key)) return false;
  let found: unknown = value;
  for (const key of place.slice(path.length)) {
    if (typeof found !== 'object' || found === null) return false;
    found = (found as Record<string | number, unknown>)[key];
  }
  return typeof found === 'object' && found !== null;
}
