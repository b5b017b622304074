import { OperatorError } from '@inevitable/contract';
import { EventStream } from '../../events/event-stream.js';
import { answeredWithin } from './answered-within.js';
import { holds } from './holds.js';
import type { JobChange, JobChanges, JobScope, WatchOptions } from './job-desk.js';

/** Two attempts of a connection, each of which may take 5 s: one that a busy server did not answer is not the end. */
const CONNECT_WITHIN_MS = 12_000;

/** The job store could not be listened to. */
export class JobStoreSilent extends OperatorError {
  readonly code = 'INTERNAL';
  constructor() {
    super(`The job store's changes could not be listened to within ${CONNECT_WITHIN_MS / 1_000} s.`);
  }
}

/** What hears the changes that a store tells of. */
export interface ChangeLine {
  stop(): Promise<void>;
}

/** What a line hears; null after a (re)connection, when anything may have been missed. */
export type HeardChanges = (changes: readonly JobChange[] | null) => void;

interface Watcher {
  readonly hears: (change: JobChange) => boolean;
  readonly stream: EventStream<JobChange>;
}

/** One connection that listens, while anybody does; none otherwise. */
interface Line {
  readonly watchers: Set<Watcher>;
  readonly connected: Promise<void>;
  readonly open: ChangeLine;
}

/** Who watches, and the one connection they share. */
export class JobWatchers {
  readonly #openLine: (heard: HeardChanges) => ChangeLine;
  #line: Line | null = null;

  constructor(openLine: (heard: HeardChanges) => ChangeLine) {
    this.#openLine = openLine;
  }

  /** Resolves once it listens; ends with `return()` or with its signal. Throws `JobStoreSilent`. */
  async watch(scope: JobScope, { signal, filter = () => true }: WatchOptions): Promise<JobChanges> {
    const line = (this.#line ??= this.#open());
    const stop = (): void => void watcher.stream.return();
    const watcher: Watcher = {
      // What a watcher is told is an id; the job itself is read through the store, which decides again.
      hears: (change) => holds(scope, change) && filter(change),
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
      await answeredWithin(CONNECT_WITHIN_MS, line.connected, () => new JobStoreSilent());
    } catch (error) {
      stop();
      throw error;
    }
    return watcher.stream;
  }

  async close(): Promise<void> {
    const line = this.#line;
    for (const { stream } of [...(line?.watchers ?? [])]) void stream.return();
    await line?.open.stop();
  }

  #open(): Line {
    const watchers = new Set<Watcher>();
    let isConnected: () => void;
    let wasConnected = false;
    const connected = new Promise<void>((resolve) => (isConnected = resolve));
    const open = this.#openLine((changes) => {
      // A change may be told before the line says that it listens: it comes with the store's answer.
      if (changes !== null) return tell(watchers, changes);
      // The first time nobody has missed anything: their `watch` has not resolved yet.
      if (wasConnected) for (const { stream } of watchers) stream.missed();
      wasConnected = true;
      isConnected();
    });
    return { watchers, connected, open };
  }

  #hangUp(line: Line): void {
    if (this.#line === line) this.#line = null;
    void line.open.stop();
  }
}

function tell(watchers: ReadonlySet<Watcher>, changes: readonly JobChange[]): void {
  for (const change of changes) for (const { hears, stream } of watchers) if (hears(change)) stream.push(change);
}
