import type { EventBus, StackEvent } from '@inevitable/contract';
import { isHeardUnder } from './is-heard-under.js';
import { KeptEvents, type Bounds } from './kept-events.js';

/** What a listener that was away can still be given: events go when any bound is reached. */
export const KEPT = { events: 10_000, bytes: 16 * 1024 * 1024, forMs: 5 * 60_000 } as const satisfies Bounds;

/** One `subscribe`: the same function may be given twice, and each is ended for itself. */
interface Hearing {
  readonly listener: (event: StackEvent) => void;
}

/**
 * Events within one process. A listener that throws is its own problem: the others still hear. One that says after which
 * event it left first hears what it missed, before `subscribe` returns. `now` in epoch milliseconds; tests set it.
 */
export function inProcessBus(
  onListenerError: (error: unknown, event: StackEvent) => void,
  { now = Date.now }: { readonly now?: () => number } = {},
): EventBus {
  const hearings = new Map<string, Set<Hearing>>();
  const kept = new KeptEvents(KEPT, now);

  function tell(listener: Hearing['listener'], event: StackEvent): void {
    try {
      listener(event);
    } catch (error) {
      onListenerError(error, event);
    }
  }

  return {
    publish(event) {
      const bytes = Buffer.byteLength(JSON.stringify(event));
      if (kept.add(event, bytes) === null) return Promise.resolve();
      // Taken before anybody is told: whoever subscribes meanwhile has this event from `kept`, or did not ask for it.
      const told = [...hearings].flatMap(([name, heard]) =>
        isHeardUnder(name, event.name) ? [...heard].map((hearing) => ({ heard, hearing })) : [],
      );
      for (const { heard, hearing } of told) if (heard.has(hearing)) tell(hearing.listener, event);
      return Promise.resolve();
    },
    subscribe(name, listener, { after, onGap } = {}) {
      if (after !== undefined) {
        const position = kept.positionOf(after);
        if (position === undefined) onGap?.();
        else for (const event of kept.from(position + 1)) if (isHeardUnder(name, event.name)) tell(listener, event);
      }
      const heard = hearings.get(name) ?? new Set();
      const hearing: Hearing = { listener };
      hearings.set(name, heard.add(hearing));
      return () => {
        heard.delete(hearing);
        if (heard.size === 0 && hearings.get(name) === heard) hearings.delete(name);
      };
    },
  };
}
