import type { KeyRenamer } from '../planner/query-plan.js';
import { compileRepresentation, type Requirements } from './compile-gather.js';
import { own } from './generated-code.js';
import { jsonText } from './json-text.js';
import { conditionIn, EACH } from './plan-paths.js';
import { Representations } from './representations.js';
import type { TypeConditions } from './type-conditions.js';

/** Entities that are asked for with the same values from above them. */
export interface ContextPortion {
  readonly representations: Representations;
  /** JSON by variable name; without one that was not there. */
  readonly values: ReadonlyMap<string, string>;
}

/** As `Gather`, with the entities apart by the values of `@fromContext` that each of them gets. */
export type ContextGather = (data: object) => readonly ContextPortion[];

const UP = '..';

/**
 * `@fromContext` gives a field an argument from an object above it. A subgraph takes one value of a variable for a whole
 * request, so entities below different objects go into portions of their own.
 */
export function compileContextGather(
  path: readonly (string | number)[],
  requirements: Requirements,
  contexts: readonly KeyRenamer[],
  types: TypeConditions,
): ContextGather {
  const represent = compileRepresentation(requirements, types);
  const variables = [...new Set(contexts.map(({ renameKeyTo }) => renameKeyTo))];

  /** The first place that has the value: the plan lists one for each type that may stand above. */
  function valueFor(variable: string, line: readonly object[]): string | undefined {
    for (const { renameKeyTo, path: from } of contexts) {
      if (renameKeyTo !== variable) continue;
      const value = valueAbove(line, from, types);
      if (value !== undefined) return jsonText(value);
    }
    return undefined;
  }

  return (data) => {
    const portions = new Map<string, ContextPortion>();
    walkLine(data, path, [], (line) => {
      const place = line.at(-1)!;
      const representation = represent(place);
      if (representation === undefined) return;
      const values = new Map<string, string>();
      for (const variable of variables) {
        const text = valueFor(variable, line);
        if (text !== undefined) values.set(variable, text);
      }
      const key = JSON.stringify([...values]);
      let portion = portions.get(key);
      if (!portion) portions.set(key, (portion = { representations: new Representations(), values }));
      portion.representations.add(representation, place);
    });
    return [...portions.values()];
  };
}

/** Calls `at` with the objects from the root down to each place. */
function walkLine(
  value: unknown,
  path: readonly (string | number)[],
  above: readonly object[],
  at: (line: readonly object[]) => void,
): void {
  if (typeof value !== 'object' || value === null) return;
  const [key, ...rest] = path;
  if (key === EACH) {
    if (Array.isArray(value)) for (const item of value) walkLine(item, rest, above, at);
    return;
  }
  const line = [...above, value];
  if (key === undefined) return at(line);
  walkLine(own(value, String(key)), rest, line, at);
}

function valueAbove(line: readonly object[], path: readonly string[], types: TypeConditions): unknown {
  let height = line.length - 1;
  let place: unknown = line[height];
  for (const element of path) {
    if (element === UP) place = line[--height];
    else {
      const condition = conditionIn(element);
      const value =
        typeof place === 'object' && place !== null ? own(place, condition ? '__typename' : element) : undefined;
      if (condition === undefined) place = value;
      else if (value !== undefined && !types.satisfying(condition).has(String(value))) return undefined;
    }
  }
  return place;
}
