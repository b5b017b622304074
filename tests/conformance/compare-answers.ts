import type { GraphQLFormattedError } from 'graphql';
import type { Answer } from './engines/engine-under-test.js';

/**
 * # What "the same answer" means
 *
 * The oracle executes the merged schema in one piece; a federated engine asks several subgraphs and puts the answer
 * together. Both meet the same faults, which are pure functions of (field, entity). Compared is:
 *
 * **`data`: equal, with keys in the same order.** No exception. A client that reads JSON can see the order, and the
 * GraphQL specification (7.2.2) wants the one of the operation.
 *
 * **`errors`: equal as sets of (path, code) where the error is about a field that may be null.** Such an error concerns
 * one place, and no other error can hide it.
 *
 * **An error that travels** – the field may not be null, so a place above it becomes null – is compared by where it
 * *lands*. Two engines may differ in which of several errors below the same null they report: the specification (6.4.4)
 * lets an executor cancel the siblings of a field that failed, and a federated engine that does so sees the errors of
 * the fetches it made, not those of fetches it no longer needed. So the same places must have become null, each with
 * at least one error, and each error must be one that the operation meets without null propagation.
 *
 * An error without a code, of the oracle, is a crash or a null in a non-null place: `INTERNAL` at the gateway.
 * Messages are the business of `error-paths.test.ts`.
 *
 * ## Which faults are injected
 *
 * A fault is put on fields whose meaning is the same in one piece and in parts, and on no others:
 *
 * - **not on fields that a `@key`, `@requires`, `@provides` or `@fromContext` mentions.** A gateway fetches them where
 *   the client did not ask for them. If they fail there, everything behind them is null, with errors at fields that
 *   have no fault at all in the oracle's eyes; and which fetch needs which of several keys is the planner's choice.
 *   That such failures are reported, and where, is promised by example in `requires.test.ts` and `error-paths.test.ts`.
 * - **not on `@shareable` fields**, nor on fields of objects that are no entities: which subgraph answers them is the
 *   planner's choice, and one that fails may null a whole object that another answers in part, or that a `@requires`
 *   reaches into.
 *
 * - **not on fields of an interface object**: its subgraph cannot tell the implementations apart, and the planner asks it
 *   about all of them in one fetch, also for what the client asked of one. A failure then shows at the others.
 *
 * By name, for all types, which is a little more than needed. Everything else may fail: root fields, lists, entities,
 * leaves; nullable or not; in any subgraph.
 *
 * Two more things are kept out of the data because the truth about them differs: a subgraph never speaks of an entity
 * that it itself does not know, and a field computed from a `@requires` that cannot be had is null in both.
 */
export interface Expectation {
  readonly answer: Answer;
  /** Every error the operation meets when nothing propagates. */
  readonly everyError: readonly GraphQLFormattedError[];
}

/** What is wrong with the answer, each in one line; empty when it is right. */
export function differences({ answer: expected, everyError }: Expectation, actual: Answer): string[] {
  if (actual.rejection !== undefined) return [`no answer: ${actual.rejection}`];
  const [expectedData, actualData] = [expected, actual].map(({ data }) => JSON.stringify(data));
  if (expectedData !== actualData) return [`data: expected ${expectedData}`, `data: received ${actualData}`];

  const wanted = placed(expected);
  const given = placed(actual);
  const possible = new Set(everyError.map(signature));
  return [
    ...missingFrom(given.exact, wanted.exact).map((error) => `errors: missing ${error}`),
    ...missingFrom(wanted.exact, given.exact).map((error) => `errors: surplus ${error}`),
    ...missingFrom(given.landings, wanted.landings).map((place) => `errors: none for the null at ${place}`),
    ...missingFrom(wanted.landings, given.landings).map((place) => `errors: surplus for the null at ${place}`),
    ...missingFrom(possible, given.travelled).map((error) => `errors: impossible ${error}`),
  ];
}

const missingFrom = (some: ReadonlySet<string>, wanted: ReadonlySet<string>): string[] =>
  [...wanted].filter((one) => !some.has(one));

const signature = ({ path, extensions }: GraphQLFormattedError): string =>
  `${(path ?? []).join('.')} ${String(extensions?.['code'] ?? 'INTERNAL')}`;

/** The errors at their own places, and those that travelled with the places they landed at. */
function placed({ data, errors = [] }: Answer) {
  const exact = new Set<string>();
  const travelled = new Set<string>();
  const landings = new Set<string>();
  for (const error of errors) {
    const landing = landingOf(data, error.path ?? []);
    if (landing === null) {
      exact.add(signature(error));
    } else {
      landings.add(landing);
      travelled.add(signature(error));
    }
  }
  return { exact, travelled, landings };
}

/** The path of the null above the error's own place; null when the path leads to its end. */
function landingOf(data: unknown, path: readonly (string | number)[]): string | null {
  let place = data;
  for (const [depth, key] of path.entries()) {
    if (place === null) return `"${path.slice(0, depth).join('.')}"`;
    if (typeof place !== 'object' || place === undefined) return null;
    place = (place as Record<string | number, unknown>)[key];
  }
  return null;
}
