import type { RateFigures } from '../measure/measure-rate.js';

const MOST_P95_MS = 200;
const MOST_P99_MS = 500;

/** Something that is said of the stack, and whether it was so. */
export interface KeptPromise {
  readonly holds: boolean;
  readonly what: string;
}

export const promisesOf = ({ all, failed, sent, failure }: RateFigures): readonly KeptPromise[] => [
  { holds: all.p95Ms < MOST_P95_MS, what: `p95 less than ${MOST_P95_MS} ms` },
  { holds: all.p99Ms < MOST_P99_MS, what: `p99 less than ${MOST_P99_MS} ms` },
  {
    holds: failed === 0,
    what: `${failed} of ${sent} requests failed${failure === null ? '' : `, the first: ${failure}`}`,
  },
];
