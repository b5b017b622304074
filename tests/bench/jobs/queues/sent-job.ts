/** What every job carries, in both queues. */
export interface SentJob {
  readonly number: number;
  /** Before it was enqueued, by the machine's clock (streaming/clock.ts); 0 where it was queued before anything was measured. */
  readonly sentAtMs: number;
}

export const TENANTS = 10;

/** Jobs go round the tenants: `index` of any size. */
export const tenantIdOf = (index: number): string =>
  `00000000-0000-8000-8000-${String((index % TENANTS) + 1).padStart(12, '0')}`;
