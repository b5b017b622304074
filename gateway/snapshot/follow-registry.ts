import type { SchemaRegistryPort, SupergraphVersion } from '@inevitable/contract';
import type { Logger } from 'pino';
import { NotASupergraph } from '../supergraph/join-graph.js';
import type { CurrentSnapshot } from './current-snapshot.js';
import type { Snapshot } from './snapshot.js';
import { warmUp } from './warm-up.js';

export interface FollowedRegistry {
  /** Why the registry's newest version is not the one that is served, or null. */
  readonly problem: string | null;
  /** How many versions did not load. */
  readonly failedLoads: number;
  stop(): void;
}

export interface FollowOptions {
  readonly load: (version: SupergraphVersion) => Promise<Snapshot>;
  readonly onSnapshot?: ((snapshot: Snapshot) => void) | undefined;
  readonly log: Logger;
}

/**
 * Takes over every version the registry announces: loaded beside the one being served, its most used operations planned,
 * and only then swapped in. A version that does not load changes nothing but what `problem` says.
 */
export function followRegistry(
  registry: SchemaRegistryPort,
  snapshots: CurrentSnapshot,
  { load, onSnapshot, log }: FollowOptions,
): FollowedRegistry {
  let problem: string | null = null;
  let failedLoads = 0;
  let stopped = false;
  let loading: Promise<void> = Promise.resolve();
  let newest: string | null = null;

  async function takeOver(version: SupergraphVersion): Promise<void> {
    if (stopped || version.id !== newest) return;
    if (version.id === snapshots.current.id) return void (problem = null); // back to what is served: nothing is missing
    try {
      const next = await load(version);
      await warmUp(next, snapshots.current, log);
      if (stopped) return await next.close();
      snapshots.swap(next);
      onSnapshot?.(next);
      problem = null;
      log.info({ supergraph: version.id }, 'The gateway took over a new supergraph.');
    } catch (error) {
      if (stopped) return; // what loads was closed under it
      failedLoads++;
      problem = `version ${version.id} of the supergraph ${failure(error)}`;
      log.error({ err: error, supergraph: version.id }, 'The gateway stays on the supergraph it has.');
    }
  }

  const unsubscribe = registry.watch?.((version) => {
    newest = version.id;
    loading = loading.then(() => takeOver(version)); // one after the other; those that were overtaken are passed by
  });

  return {
    get problem() {
      return problem;
    },
    get failedLoads() {
      return failedLoads;
    },
    stop() {
      stopped = true;
      unsubscribe?.();
    },
  };
}

/** The rest of a sentence that begins with the supergraph. */
const failure = (error: unknown): string =>
  error instanceof NotASupergraph ? error.message : `does not load: ${(error as Error).message}`;
