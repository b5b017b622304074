import type { AnswerPath } from '../answer-places.js';
import { own } from '../generated-code.js';
import { conditionIn } from '../plan-paths.js';
import type { TypeConditions } from '../type-conditions.js';

/**
 * Calls `at` with every object at a deferred part's path, and where it is: response names and type conditions,
 * in which lists are passed through.
 */
export function eachPartPlace(
  data: object,
  path: readonly string[],
  types: TypeConditions,
  at: (place: object, where: AnswerPath) => void,
): void {
  const where: (string | number)[] = [];
  const step = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        where.push(index);
        step(item, depth);
        where.pop();
      });
      return;
    }
    const element = path[depth];
    if (element === undefined) return at(value, [...where]);
    const condition = conditionIn(element);
    if (condition !== undefined) {
      const type = own(value, '__typename');
      if (type === undefined || types.satisfying(condition).has(String(type))) step(value, depth + 1);
      return;
    }
    where.push(element);
    step(own(value, element), depth + 1);
    where.pop();
  };
  step(data, 0);
}
