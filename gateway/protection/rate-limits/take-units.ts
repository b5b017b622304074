import { LRUCache } from 'lru-cache';
import type { Counters, Taken } from './counters.js';
import { burstOf, type Limit, type LimitsOfCaller } from './limits-of-caller.js';
import type { Standing } from './rate-limit-headers.js';

/** Callers who are remembered for having been refused. */
const REMEMBERED_REFUSALS = 10_000;

export type Outcome = Granted | Refused;

export interface Granted {
  readonly kind: 'granted';
  /** Of each of the caller's limits, in their order, how it stands after the operation was counted, without bursts. */
  readonly taken: readonly Taken[];
}

export interface Refused {
  readonly kind: 'refused';
  /** In the order of the caller's limits, as if it had not been asked. */
  readonly standings: readonly Standing[];
  /** Of those that have too few units, the one that lasts longest. */
  readonly refusing: Standing;
  /** Epoch milliseconds: when it would pass, if nobody else asks for anything. */
  readonly passesAt: number;
}

/** The first one that has too few units in a whole window, however late it is. */
export const neverEnough = ({ all }: LimitsOfCaller, units: number): Limit | undefined =>
  all.find((limit) => units > limit.units && units > limit.burstUnits);

interface Asked {
  readonly limit: Limit;
  readonly taken: Taken;
  /** Where the limit itself had too few, and has a burst. */
  readonly burst: Taken | null;
}

const isGranted = ({ taken, burst }: Asked): boolean => taken.isGranted || burst?.isGranted === true;

/**
 * Takes units of every limit, or of none. All limits are asked at once: they travel to Redis together. `now` in epoch
 * milliseconds.
 */
export function unitTaker(
  counters: Counters,
): (limits: LimitsOfCaller, units: number, now: number) => Outcome | Promise<Outcome> {
  /** By whose own limit it was: the window of it that refused last. */
  const refusedIn = new LRUCache<string, string>({ max: REMEMBERED_REFUSALS });

  const ask = (limit: Limit, units: number): Taken | Promise<Taken> => counters.take(limit, units, limit.units);

  async function withBurst(limit: Limit, taken: Taken, units: number, now: number): Promise<Asked> {
    const burst = taken.isGranted ? null : burstOf(limit, now);
    return { limit, taken, burst: burst && (await ask(burst, units)) };
  }
  const withBursts = (limits: readonly Limit[], taken: readonly Taken[], units: number, now: number) =>
    Promise.all(taken.map((one, index) => withBurst(limits[index]!, one, units, now)));

  /** All travel together. */
  function askAll(limits: readonly Limit[], units: number): readonly Taken[] | Promise<readonly Taken[]> {
    const taken: Taken[] = [];
    for (let index = 0; index < limits.length; index++) {
      const one = ask(limits[index]!, units);
      if (one instanceof Promise)
        return Promise.all([...taken, one, ...limits.slice(index + 1).map((limit) => ask(limit, units))]);
      taken.push(one);
    }
    return taken;
  }

  function outcomeOf(
    taken: readonly Taken[],
    { own, all }: LimitsOfCaller,
    units: number,
    now: number,
  ): Outcome | Promise<Outcome> {
    for (const { isGranted } of taken)
      if (!isGranted) return withBursts(all, taken, units, now).then((asked) => judge(asked, own, units, now));
    return granted(taken);
  }

  /** Whoever asks on and on would hold the others' units for as long as it takes to give them back. */
  async function askOwnFirst(own: Limit, { all }: LimitsOfCaller, units: number, now: number): Promise<Outcome> {
    const first = await withBurst(own, await ask(own, units), units, now);
    if (!isGranted(first)) return judge([first], own, units, now);
    const others = all.slice(1);
    const taken = await Promise.all(others.map((limit) => ask(limit, units)));
    return judge([first, ...(await withBursts(others, taken, units, now))], own, units, now);
  }

  function judge(asked: readonly Asked[], own: Limit | null, units: number, now: number): Outcome {
    if (asked.every(isGranted)) return granted(asked.map(({ taken }) => taken));
    if (own && !isGranted(asked[0]!)) refusedIn.set(own.who, own.key);
    return refused(asked, units, now);
  }

  return (limits, units, now) => {
    const { own, all } = limits;
    if (own && refusedIn.get(own.who) === own.key) return askOwnFirst(own, limits, units, now);
    const taken = askAll(all, units);
    return taken instanceof Promise
      ? taken.then((known) => outcomeOf(known, limits, units, now))
      : outcomeOf(taken, limits, units, now);
  };
}

const granted = (taken: readonly Taken[]): Granted => ({ kind: 'granted', taken });

function refused(asked: readonly Asked[], units: number, now: number): Refused {
  for (const { taken, burst } of asked) {
    if (taken.isGranted) taken.giveBack(units);
    else if (burst?.isGranted) burst.giveBack(units);
  }
  const refusing = asked.filter((one) => !isGranted(one));
  const passes = refusing.map(({ limit }) => passesAt(limit, units, now));
  const passesLast = Math.max(...passes);
  const longest = refusing[passes.indexOf(passesLast)]!;
  return {
    kind: 'refused',
    standings: asked.map(({ limit, taken }) => standing(limit, taken.held - (taken.isGranted ? units : 0))),
    refusing: standing(longest.limit, longest.taken.held),
    passesAt: passesLast,
  };
}

const standing = (limit: Limit, held: number): Standing => ({ limit, remaining: remainingOf(limit, held) });

/** A limit may have become smaller than what was used of it, and hold less than nothing where Redis lost what it held. */
export const remainingOf = ({ units }: Limit, held: number): number => Math.min(units, Math.max(0, units - held));

/** Of an operation for which a whole window, or burst, has enough units. */
const passesAt = (limit: Limit, units: number, now: number): number =>
  units <= limit.units ? limit.endsAt : burstOf(limit, now)!.endsAt;
