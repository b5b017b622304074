import { LRUCache } from 'lru-cache';
import { unpackPlan, type PackedPlan } from './packed-plan.js';
import type { PlannedDocument, PlanRequest } from './planner.js';

const MOST_CHARACTERS = 16_000_000;
/** Of all of them, one plan at most: a few huge ones of one client would push out everybody's. */
const SHARE = 16;

/**
 * Plans that were made once are unpacked from then on. Bounded by their length and that of what was asked, the least recently
 * asked goes first: some thousand of the usual size. One of more than a share of that is planned each time.
 */
export function rememberPlans(
  plan: (request: PlanRequest) => Promise<PackedPlan>,
  mostCharacters = MOST_CHARACTERS,
): (request: PlanRequest) => Promise<PlannedDocument> {
  const remembered = new LRUCache<string, PackedPlan>({
    maxSize: mostCharacters,
    maxEntrySize: Math.ceil(mostCharacters / SHARE),
    sizeCalculation: (packed, key) => packed.length + key.length,
  });
  return async (request) => {
    const key = keyOf(request);
    const known = remembered.get(key);
    if (known !== undefined) return unpackPlan(known);
    const packed = await plan(request);
    remembered.set(key, packed);
    return unpackPlan(packed);
  };
}

const keyOf = ({ document, operationName, overrides, conditions }: PlanRequest): string =>
  JSON.stringify([document, operationName, overrides, [...conditions]]);
