import type { KeptDefinition, KeptFiring, KeptJob } from './kept-job.js';

/**
 * What a store knows of a move that concerns it. While there is one, nobody works there: workers, runs and new jobs are
 * refused with `why`.
 */
export interface MoveMark {
  /** The same in both stores. */
  readonly move: string;
  /** What the other one is called. */
  readonly other: string;
  readonly otherId: string;
  /** A sentence for whoever is refused. */
  readonly why: string;
  readonly stage: MoveStage;
  /** Of a source that is copied: the last job that the other one has; null: none. */
  readonly after: string | null;
  /** Of a source: ids of jobs that the other one had already, and has alone now. Taking the move back restores them. */
  readonly doubles: readonly string[];
  /** Of a target: the mark that it had before, as of a store that was left. Taking the move back restores it. */
  readonly before: MoveMark | null;
}

/**
 * Of a source: `scanning` for jobs that both have; `copying`; `left`, the other one has all of it and this one is to be
 * emptied. Of a target: `arriving`.
 */
export type MoveStage = 'scanning' | 'copying' | 'left' | 'arriving';

/** Who could still change something. */
export interface DepotUse {
  /** Heard of within 30 s. */
  readonly workers: readonly string[];
  /** Jobs whose lease has not ended. */
  readonly running: number;
  /** Changes that somebody has begun and not ended, which the next look at the store goes on with. */
  readonly unfinished: number;
}

/** A store as a move sees it: all that it keeps, to be read, written and removed, and nothing that happens by itself. */
export interface JobDepot {
  readonly kind: 'postgres' | 'mongodb';
  /** For people, without a password: `PostgreSQL at db:5432/stack`. */
  readonly place: string;
  /** The same wherever the store is reached: the embedded database has another port with each start. */
  id(): Promise<string>;
  /** null: another move has it. Ends by itself with this process. */
  hold(): Promise<DepotHold | null>;
  mark(): Promise<MoveMark | null>;
  setMark(mark: MoveMark | null): Promise<void>;
  use(): Promise<DepotUse>;
  /** Goes on with what is unfinished, as every worker does. */
  look(): Promise<void>;
  /** Removes ended jobs and firings that are older; answers how many jobs. */
  purge(keepMs: number): Promise<number>;
  /** About how many jobs there are. */
  size(): Promise<number>;
  /** By id, of those after that one. */
  jobsAfter(id: string | null, most: number): Promise<readonly KeptJob[]>;
  /** By id; those that are not there are left out. */
  jobsOf(ids: readonly string[]): Promise<readonly KeptJob[]>;
  /** In place of those of the same ids. The open ones have their once keys, unless another open job has them. */
  writeJobs(jobs: readonly KeptJob[]): Promise<void>;
  /** With their runs and keys. */
  removeJobs(ids: readonly string[]): Promise<void>;
  /** By name. */
  definitions(): Promise<readonly KeptDefinition[]>;
  /** In place of those of the same names. */
  writeDefinitions(definitions: readonly KeptDefinition[]): Promise<void>;
  /** By due time, of those after that one. */
  firingsAfter(schedule: string, due: Date | null, most: number): Promise<readonly KeptFiring[]>;
  /** Those that are not there yet. */
  writeFirings(schedule: string, firings: readonly KeptFiring[]): Promise<void>;
  /** The last one that was handed out. */
  lastFence(): Promise<number>;
  /** The next one is greater than that. */
  raiseFence(to: number): Promise<void>;
  /** Jobs that wait for others are looked at: what those did may have been written in any order. */
  settle(): Promise<void>;
  /** What is left when there are no jobs: definitions, schedules, firings, workers. */
  removeRest(): Promise<void>;
  close(): Promise<void>;
}

export interface DepotHold {
  /** False: the store has lost it, and another move may begin. */
  readonly isHeld: boolean;
  release(): Promise<void>;
}
