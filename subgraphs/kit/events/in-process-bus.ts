import type { EventBus, StackEvent } from '@inevitable/contract';
import { KeptEvents } from './kept-events.js';

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
  const kept = new KeptEvents(now);

  function tell(listener: Hearing['listener'], event: StackEvent): void {
    try {
      listener(event);
    } catch (error) {
      onListenerError(error, event);
    }
  }

  return {
    publish(event) {
      if (!kept.add(event)) return Promise.resolve();
      // Taken before anybody is told: whoever subscribes meanwhile has this event from `kept`, or did not ask for it.
      const told = [...hearings].flatMap(([name, heard]) =>
        hears(name, event) ? [...heard].map((hearing) => ({ heard, hearing })) : [],
      );
      for (const { heard, hearing } of told) if (heard.has(hearing)) tell(hearing.listener, event);
      return Promise.resolve();
    },
    subscribe(name, listener, { after, onGap } = {}) {
      const missed = after === undefined ? [] : kept.after(after);
      if (!missed) onGap?.();
      for (const event of missed ?? []) if (hears(name, event)) tell(listener, event);
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

const hears = (name: string, event: StackEvent): boolean =>
  name === event.name || (name.endsWith('.') && event.name.startsWith(name));
