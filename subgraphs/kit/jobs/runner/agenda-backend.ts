import { EventEmitter } from 'node:events';
import type {
  AgendaBackend,
  JobNotification,
  JobParameters,
  JobRepository,
  NotificationChannel,
  NotificationChannelState,
  NotificationHandler,
} from 'agenda';
import type { ClaimedJob } from '../store/job-store.js';

/** What Agenda carries of a job: `getNextJobToRun` puts the fence on it, and every save brings it back. */
export interface FencedParameters extends JobParameters<ClaimedJob> {
  readonly fence: number;
}

export interface AgendaSource {
  /** The next claimed job of a name. */
  take(name: string): ClaimedJob | undefined;
  /** Taken, and not to be run after all. */
  putBack(job: ClaimedJob): void;
  /** Throws where the run may not begin: its lease is lost. */
  began(job: FencedParameters): void;
  /** Resolves when the store has the outcome. Throws where it is not this worker's to write. */
  ended(job: FencedParameters): Promise<void>;
  /** Taken, never run, and the worker stops. */
  handBack(ids: readonly string[]): Promise<void>;
}

/** Leases are kept and judged elsewhere (leases.ts): for Agenda no lock ever ends. */
const LOCKED_FOR_EVER = new Date(8.64e15);

/** A part of Agenda that this backend has no use for: jobs come through the outbox and are steered in the graph. */
export class NotThroughAgenda extends Error {
  constructor(what: string) {
    super(
      `${what} is not done through Agenda: enqueue with context.jobs, schedule with defineJob, steer in the graph.`,
    );
  }
}

/**
 * Agenda's storage, as its own interfaces want it. Agenda asks for one job at a time and writes each twice; here the
 * jobs come from what was claimed in one statement, the start was written by the claim, and the ends go together.
 */
export class ClaimingBackend implements AgendaBackend {
  readonly name = 'inevitable-job-store';
  readonly ownsConnection = false;
  readonly repository: JobRepository;
  readonly notificationChannel = new HandOverChannel();

  constructor(source: AgendaSource) {
    this.repository = repositoryOf(source);
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }

  disconnect(): Promise<void> {
    return Promise.resolve();
  }

  /** Has Agenda take what was claimed of a name, at once. */
  handOver(name: string): void {
    this.notificationChannel.tell(name);
  }
}

function repositoryOf(source: AgendaSource): JobRepository {
  const refuse = (what: string) => (): Promise<never> => Promise.reject(new NotThroughAgenda(what));
  return {
    connect: () => Promise.resolve(),
    getNextJobToRun: (name) => {
      const job = source.take(name);
      return Promise.resolve(job && parametersOf(job));
    },
    // Once when a run begins, with its lock, and once when it is over, without one.
    async saveJobState(job) {
      if (job.lockedAt) source.began(job as FencedParameters);
      else await source.ended(job as FencedParameters);
    },
    unlockJob: (job) => Promise.resolve(source.putBack(job.data as ClaimedJob)),
    unlockJobs: (ids) => source.handBack(ids.map(String)),
    queryJobs: refuse('Listing jobs'),
    getJobsOverview: refuse('Counting jobs'),
    getDistinctJobNames: refuse('Listing names'),
    getJobById: refuse('Reading a job'),
    getQueueSize: refuse('Counting jobs'),
    removeJobs: refuse('Removing jobs'),
    saveJob: refuse('Making a job'),
    lockJob: refuse('Locking a job'),
    disableJobs: refuse('Pausing jobs'),
    enableJobs: refuse('Resuming jobs'),
    purgeAllJobs: refuse('Removing jobs'),
  };
}

const parametersOf = (job: ClaimedJob): FencedParameters => ({
  _id: job.id as NonNullable<JobParameters['_id']>,
  name: job.name,
  priority: job.priority,
  nextRunAt: new Date(),
  type: 'normal',
  lockedAt: LOCKED_FOR_EVER,
  // Agenda counts failures, and adds one for the run that fails.
  failCount: job.attempt - 1,
  data: job,
  fence: job.fence,
});

/** What wakes Agenda between its own looks: it has no connection of its own, the claims have. */
class HandOverChannel implements NotificationChannel {
  readonly #events = new EventEmitter();
  readonly #handlers = new Set<NotificationHandler>();
  state: NotificationChannelState = 'disconnected';

  connect(): Promise<void> {
    this.state = 'connected';
    return Promise.resolve();
  }

  disconnect(): Promise<void> {
    this.state = 'disconnected';
    this.#handlers.clear();
    return Promise.resolve();
  }

  subscribe(handler: NotificationHandler): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  tell(jobName: string): void {
    const notification = { jobName, nextRunAt: null, priority: 0, timestamp: new Date() } as JobNotification;
    for (const handler of this.#handlers) void handler(notification);
  }

  publish(): Promise<void> {
    return Promise.reject(new NotThroughAgenda('Telling of a job'));
  }

  on(event: string, listener: (...args: never[]) => void): this {
    this.#events.on(event, listener as () => void);
    return this;
  }

  off(event: string, listener: (...args: never[]) => void): this {
    this.#events.off(event, listener as () => void);
    return this;
  }
}
