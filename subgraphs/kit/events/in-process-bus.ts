import type { EventBus, StackEvent } from '@inevitable/contract';

/** Events within one process. A listener that throws is its own problem: the others still hear. */
export function inProcessBus(onListenerError: (error: unknown, event: StackEvent) => void): EventBus {
  const listeners = new Map<string, Set<(event: StackEvent) => void>>();
  return {
    publish(event) {
      for (const [name, heard] of listeners) {
        if (name !== event.name && !(name.endsWith('.') && event.name.startsWith(name))) continue;
        for (const listener of heard) {
          try {
            listener(event);
          } catch (error) {
            onListenerError(error, event);
          }
        }
      }
      return Promise.resolve();
    },
    subscribe(name, listener) {
      const heard = listeners.get(name) ?? new Set();
      listeners.set(name, heard.add(listener));
      return () => {
        heard.delete(listener);
        if (heard.size === 0) listeners.delete(name);
      };
    },
  };
}
