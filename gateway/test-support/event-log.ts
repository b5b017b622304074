import { BadUserInput, type RequestContext, type SubgraphRequest } from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';

const GAP: ExecutionResult = { data: null, extensions: { eventsMissed: true } };

/** A subgraph's events: kept, so that whoever comes back hears what it missed, and told to everybody who listens. */
export class EventLog {
  readonly #events: ExecutionResult[] = [];
  readonly #wake = new Set<() => void>();
  readonly subscribed: { readonly request: SubgraphRequest; readonly context: RequestContext }[] = [];
  #open = 0;
  #end: { readonly error: Error | null } | null = null;
  refusal: Error | null = null;

  /** How many listen now. */
  get open(): number {
    return this.#open;
  }

  /** Ids count from 1, unless there shall be none. */
  publish(data: Record<string, unknown>, { named = true }: { named?: boolean } = {}): void {
    this.#events.push({ data, ...(named && { extensions: { eventId: `e${this.#events.length + 1}` } }) });
    this.#wakeAll();
  }

  /** Keeps nothing of what was: whoever comes back is told that something is missing. */
  forget(): void {
    this.#events.splice(0, this.#events.length, ...this.#events.map(() => GAP));
  }

  /** Tells everybody that something is missing. */
  announceGap(): void {
    this.#events.push(GAP);
    this.#wakeAll();
  }

  /** Ends the subscriptions there are. */
  end(error: Error | null = null): void {
    this.#end = { error };
    this.#wakeAll();
    this.#end = null;
  }

  readonly subscribe = (request: SubgraphRequest, context: RequestContext) => {
    this.subscribed.push({ request, context });
    if (this.refusal) return Promise.reject(this.refusal);
    const { lastEventId } = request;
    const from = lastEventId === undefined ? this.#events.length : Number(lastEventId.slice(1));
    if (Number.isNaN(from)) return Promise.reject(new BadUserInput('That is no event’s id.'));
    return Promise.resolve(this.#listen(from));
  };

  #listen(from: number): AsyncIterableIterator<ExecutionResult> {
    let next = from;
    let ended: { readonly error: Error | null } | null = null;
    let waiting: (() => void) | null = null;
    const wake = (): void => {
      ended ??= this.#end;
      waiting?.();
    };
    const done = { done: true as const, value: undefined };
    const leave = (): void => {
      if (this.#wake.delete(wake)) this.#open--;
    };
    this.#open++;
    this.#wake.add(wake);
    return {
      next: async () => {
        for (;;) {
          if (!this.#wake.has(wake)) return done;
          const event = this.#events[next];
          if (event) {
            next++;
            return { done: false, value: event };
          }
          if (ended) {
            leave();
            if (ended.error) throw ended.error;
            return done;
          }
          await new Promise<void>((resolve) => (waiting = resolve));
        }
      },
      return: () => {
        leave();
        waiting?.();
        return Promise.resolve(done);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #wakeAll(): void {
    for (const wake of this.#wake) wake();
  }
}
