import { CallerError, OperatorError, type PublishedSupergraph, type PublishedSupergraphs } from '@inevitable/contract';

/** Each is a gateway, which waits once. */
const MOST_WAITING = 500;

export class TooManyWaiting extends CallerError {
  readonly code = 'RATE_LIMITED';
  override readonly details = { retryAfterSeconds: 1 };
  constructor() {
    super(`${MOST_WAITING} gateways wait for the next supergraph already.`);
  }
}

export class OperationsStopping extends OperatorError {
  readonly code = 'SUBGRAPH_UNREACHABLE';
}

export interface SupergraphWait {
  /**
   * The version that is current, as soon as it is another one than `after` (an id); null after `waitMs`, when `signal`
   * aborts, and when the waiting is closed. Throws `TooManyWaiting`, `OperationsStopping`, and what the registry throws.
   */
  after(after: string | null, waitMs: number, signal: AbortSignal): Promise<PublishedSupergraph | null>;
  close(): void;
}

interface Waiter {
  /** The id of the version it has. */
  readonly after: string | null;
  readonly wake: () => void;
}

/** Watches the registry once for all who wait, from the first question on. */
export function waitForSupergraph(registry: PublishedSupergraphs): SupergraphWait {
  const waiting = new Set<Waiter>();
  let stopWatching: (() => void) | null = null;
  let latest: PublishedSupergraph | null = null;
  let problem: string | null = null;
  let closed = false;

  function watch(): () => void {
    return registry.watch(
      (version) => {
        latest = version;
        for (const { after, wake } of waiting) if (version.id !== after) wake();
      },
      (now) => (problem = now),
    );
  }

  /** What was heard counts while anything is heard: the text may have megabytes, and is not read for each gateway. */
  const heard = (): PublishedSupergraph | null => (problem === null ? latest : null);

  function change(after: string | null, waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        waiting.delete(waiter);
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const waiter: Waiter = { after, wake };
      const timer = setTimeout(wake, waitMs);
      signal.addEventListener('abort', wake);
      waiting.add(waiter);
      if (signal.aborted) wake();
    });
  }

  return {
    async after(after, waitMs, signal) {
      if (closed) throw new OperationsStopping('Operations is being stopped.');
      stopWatching ??= watch();
      const isNew = (version: PublishedSupergraph | null) => version !== null && version.id !== after;
      const current = heard() ?? (await registry.current());
      if (isNew(current)) return current;
      if (isNew(heard())) return heard(); // it came while the registry was asked
      if (waitMs === 0 || closed) return null;
      if (waiting.size >= MOST_WAITING) throw new TooManyWaiting();
      await change(after, waitMs, signal);
      return isNew(heard()) ? heard() : null;
    },
    close() {
      closed = true;
      stopWatching?.();
      for (const { wake } of waiting) wake();
    },
  };
}
