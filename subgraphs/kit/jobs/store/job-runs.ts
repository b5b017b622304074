/** What became of the runs of one job name within some time. */
export interface JobRunSummary {
  readonly name: string;
  /** Runs that ended then, by outcome. */
  readonly succeeded: number;
  readonly skipped: number;
  readonly failed: number;
  readonly postponed: number;
  readonly interrupted: number;
  readonly lost: number;
  readonly cancelled: number;
  /** Jobs that were given up then, and still are. */
  readonly dead: number;
  /** Milliseconds; null where no run ended. */
  readonly averageMs: number | null;
  readonly longestMs: number | null;
  /** Milliseconds between when a job might run and its first run; null where no first run ended. */
  readonly longestDelayMs: number | null;
}

/** The store's runs in numbers, through its reading role. */
export interface JobRuns {
  /** Of every name that had runs end, or jobs given up, from `from` on and before `to`; by name. */
  summarize(from: Date, to: Date): Promise<readonly JobRunSummary[]>;
  close(): Promise<void>;
}
