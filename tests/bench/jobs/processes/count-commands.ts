import type { MongoClient } from 'mongodb';

/** What a process has asked of MongoDB's servers until now; the driver's own heartbeats are not among it. */
export type CountCommands = () => number;

/**
 * Counts by the driver's events, those of clients that others make, too: of every client whose URL has
 * `monitorCommands=true`. `driver`: the class as they import it.
 */
export function countCommands(driver: typeof MongoClient): CountCommands {
  let commands = 0;
  const client = driver.prototype as unknown as { emit(event: string, ...args: unknown[]): boolean };
  const { emit } = client;
  client.emit = function (this: typeof client, event, ...args) {
    if (event === 'commandStarted') commands += 1;
    return emit.call(this, event, ...args);
  };
  return () => commands;
}
