import type { RequestContext } from '@inevitable/contract';
import { LRUCache } from 'lru-cache';
import type { RateLimiter } from './rate-limiter.js';
import { rateLimited } from './refusals.js';
import type { Refused } from './take-units.js';

/** Callers who are remembered for having no unit left. */
const REMEMBERED = 10_000;

/** What is refused before it is known what it costs: a text that is no valid document, variables that do not fit it. */
export interface RefusedTexts {
  /** Rejects, or throws `RefusedForNow`, where the caller had no unit left for one that was refused. */
  check(context: RequestContext): void | Promise<void>;
  /** One of the caller's was refused: it takes a unit. */
  count(context: RequestContext): void;
}

/**
 * Only whoever had something refused when nothing was left is looked up, until the minute is over: its next text is not even
 * parsed. Nobody else pays for it.
 */
export function refusedTexts({ mode, withLimits, take }: RateLimiter): RefusedTexts {
  /** By the window of a minute that is the caller's own, or its tenant's. */
  const exhausted = new LRUCache<string, Refused>({ max: REMEMBERED });
  let endsAt = 0;

  async function takeOne(context: RequestContext): Promise<void> {
    await withLimits(context, async (limits, at) => {
      if (!limits) return;
      const outcome = await take(limits, 1, at);
      if (outcome.kind === 'granted' || mode === 'log') return;
      exhausted.set(limits.all[0]!.key, outcome);
      endsAt = limits.until;
    });
  }

  return {
    check(context) {
      if (exhausted.size === 0) return;
      return withLimits(context, (limits, at) => {
        if (at >= endsAt) return exhausted.clear();
        const found = limits && exhausted.get(limits.all[0]!.key);
        if (found) throw rateLimited(found.refusing, 1, found.passesAt, at);
      });
    },
    count(context) {
      takeOne(context).catch(() => undefined); // its client has left before it was known what it has
    },
  };
}
