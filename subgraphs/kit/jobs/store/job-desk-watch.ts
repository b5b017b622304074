import { OperatorError } from '@inevitable/contract';
import type { Logger } from 'pino';
import { listen, type Listener } from '../../database/listen.js';
import { newId } from '../../graph/new-id.js';
import { EventStream } from '../../events/event-stream.js';
import type { EventsMissed } from '../../events/heard-event.js';
import type { JobState } from './job-desk-rows.js';
import type { JobScope } from './job-desk-scope.js';

/** A job is not what it was a moment ago; `state` is what it had when that was told. */
export interface JobChange {
  readonly id: string;
  readonly state: JobState;
  readonly tenantId: string | null;
  readonly name: string;
}

export interface WatchOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Which changes in the scope; all of them unless told. */
  readonly filter?: (change: JobChange) => boolean;
}

export type JobChanges = AsyncIterableIterator<JobChange | EventsMissed, undefined>;

/** The job store could not be listened to. */
export class JobStoreSilent extends OperatorError {
  readonly code = 'INTERNAL';
  constructor() {
    super(`The job store's changes could not be listened to within ${CONNECT_WITHIN_MS / 1_000} s.`);
  }
}

const CHANNEL = { query: 'select name from jobs.change_channel' };
const CONNECT_WITHIN_MS = 5_000;

interface Watcher {
  readonly hears: (change: JobChange) => boolean;
  readonly stream: EventStream<JobChange>;
}

/** One connection that listens, while anybody does; none otherwise. */
interface Line {
  readonly watchers: Set<Watcher>;
  readonly connected: Promise<void>;
  readonly listener: Listener;
}

/** Who watches, and the one connection they share. */
export class JobWatchers {
  readonly #url: string;
  readonly #log: Logger;
  #line: Line | null = null;

  /** `url`: of the reader's role. */
  constructor(url: string, log: Logger) {
    this.#url = url;
    this.#log = log;
  }

  /** Resolves once it listens; ends with `return()` or with its signal. Throws `JobStoreSilent`. */
  async watch(scope: JobScope, { signal, filter = () => true }: WatchOptions): Promise<JobChanges> {
    const line = (this.#line ??= this.#open());
    const stop = (): void => void watcher.stream.return();
    const watcher: Watcher = {
      hears: (change) => isIn(scope, change) && filter(change),
      stream: new EventStream(() => {
        signal.removeEventListener('abort', stop);
        line.watchers.delete(watcher);
        if (!line.watchers.size) this.#hangUp(line);
      }),
    };
    line.watchers.add(watcher);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      await within(CONNECT_WITHIN_MS, line.connected);
    } catch (error) {
      stop();
      throw error;
    }
    return watcher.stream;
  }

  async close(): Promise<void> {
    const line = this.#line;
    for (const { stream } of [...(line?.watchers ?? [])]) void stream.return();
    await line?.listener.stop();
  }

  #open(): Line {
    const watchers = new Set<Watcher>();
    let isConnected: () => void;
    let wasConnected = false;
    const connected = new Promise<void>((resolve) => (isConnected = resolve));
    const listener = listen({
      url: this.#url,
      channel: CHANNEL,
      // The store tells nobody while nobody says that they listen.
      ask: `select jobs.watch_changes('${newId()}')`,
      heard(payload) {
        // The first time nobody has missed anything: their `watch` has not resolved yet.
        if (payload === null && !wasConnected) isConnected();
        else if (payload === null) for (const { stream } of watchers) stream.missed();
        else tell(watchers, payload);
        wasConnected = true;
      },
      what: 'changes of jobs',
      log: this.#log,
    });
    return { watchers, connected, listener };
  }

  #hangUp(line: Line): void {
    if (this.#line === line) this.#line = null;
    void line.listener.stop();
  }
}

/** `payload`: [[id, state, tenant or null, name], …] */
function tell(watchers: ReadonlySet<Watcher>, payload: string): void {
  for (const [id, state, tenantId, name] of JSON.parse(payload) as [string, JobState, string | null, string][]) {
    const change: JobChange = { id, state, tenantId, name };
    for (const { hears, stream } of watchers) if (hears(change)) stream.push(change);
  }
}

/** As `in_scope` of the store decides. What a watcher is told is an id; the job itself is read through that. */
const isIn = (scope: JobScope, { tenantId, name }: JobChange): boolean =>
  scope.kind === 'all' || (tenantId === scope.tenantId && scope.products.includes(name.split('.', 1)[0]!));

async function within(ms: number, connected: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new JobStoreSilent()), ms);
  });
  try {
    await Promise.race([connected, late]);
  } finally {
    clearTimeout(timer);
  }
}
