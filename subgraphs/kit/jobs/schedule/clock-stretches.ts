const DAY_MS = 86_400_000;

/** Milliseconds a zone's wall clock is ahead of UTC at an instant (milliseconds since 1970). */
export type OffsetAt = (instant: number) => number;

/** A time in which a zone's wall clock is not put forward or back: from `start` (included) to `end` (not included). */
export interface ClockStretch {
  readonly start: number;
  readonly end: number;
  readonly offset: number;
  /** The offset until `start`: another one where the clock was changed just then. */
  readonly offsetBefore: number;
}

/** Throws a RangeError for a name that is no time zone of the IANA database. */
export function openZone(timezone: string): OffsetAt {
  // Newer engines take "+02:00" for a zone too.
  if (!/^[a-z]/i.test(timezone)) throw new RangeError(`"${timezone}" is not the name of a time zone.`);
  const format = new Intl.DateTimeFormat('en-US', { timeZone: timezone, timeZoneName: 'longOffset', year: 'numeric' });
  return (instant) => {
    // "2026, GMT", "2026, GMT-03:30"; with seconds for the local mean times before standard time.
    const [, sign, hours, minutes, seconds] = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(format.format(instant))!;
    if (!sign) return 0;
    const ahead = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds ?? 0)) * 1_000;
    return sign === '+' ? ahead : -ahead;
  };
}

/**
 * The stretches from `from` to `to`, in order and without gaps; the first begins at `from`, changed there or not.
 * One look a day, and a bisection where two looks differ: a change that is taken back within the day goes unseen, and
 * no zone has done that since 1970.
 */
export function clockStretches(offsetAt: OffsetAt, from: number, to: number): readonly ClockStretch[] {
  const stretches: ClockStretch[] = [];
  let start = from;
  let offset = offsetAt(from);
  let offsetBefore = offset;
  for (let seen = from; seen < to;) {
    const look = Math.min(seen + DAY_MS, to);
    const found = offsetAt(look);
    if (found !== offset) {
      const end = changeBetween(offsetAt, seen, look);
      stretches.push({ start, end, offset, offsetBefore });
      start = end;
      offsetBefore = offset;
      offset = found;
    }
    seen = look;
  }
  if (start < to) stretches.push({ start, end: to, offset, offsetBefore });
  return stretches;
}

/** The first instant that no longer has the offset of `before`. */
function changeBetween(offsetAt: OffsetAt, before: number, after: number): number {
  const offset = offsetAt(before);
  let low = before;
  let high = after;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === offset) low = middle;
    else high = middle;
  }
  return high;
}
