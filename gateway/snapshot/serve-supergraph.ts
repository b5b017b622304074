import type { SchemaRegistryPort, SupergraphVersion } from '@inevitable/contract';
import type { Logger } from 'pino';
import type { AuthorizationOptions } from '../authorization/authorize.js';
import { DEFAULT_RULES, type DocumentRules } from '../limits/document-rules.js';
import type { SupergraphMeasured } from '../observation/gateway-measured.js';
import { startPlannerThreads, type PlannersMeasured, type PlannerThreads } from '../planner/planner-threads.js';
import { SubgraphDirectory, type OpenSubgraph, type Subgraphs } from '../transports/subgraph-directory.js';
import { CurrentSnapshot } from './current-snapshot.js';
import { followRegistry } from './follow-registry.js';
import { loadSnapshot } from './load-snapshot.js';
import type { Snapshot } from './snapshot.js';

export interface SupergraphServing {
  readonly registry: SchemaRegistryPort;
  /** Closed with the supergraph. */
  readonly subgraphs: Subgraphs;
  /** Reaches a subgraph that `subgraphs` does not have, where the supergraph says it is. */
  readonly openSubgraph: OpenSubgraph | null;
  readonly authorization: AuthorizationOptions;
  /** What clients' documents are held to; `DEFAULT_RULES` unless given. */
  readonly rules?: DocumentRules | undefined;
  /** Shared with others, and left running. By default the supergraph has its own. */
  readonly planners?: PlannerThreads | undefined;
  /** Called with every snapshot that becomes the current one, the first too. */
  readonly onSnapshot?: ((snapshot: Snapshot) => void) | undefined;
  readonly log: Logger;
}

export interface ServedSupergraph {
  readonly snapshots: CurrentSnapshot;
  /** Why the registry's newest version is not the one that is served, or null. */
  readonly problem: () => string | null;
  measured(): { readonly supergraph: SupergraphMeasured; readonly planners: PlannersMeasured };
  close(): Promise<void>;
}

/**
 * Loads the registry's supergraph, or what it offers instead of one that does not load, and keeps up with it. Rejects with one sentence when it cannot be had, and then leaves
 * nothing running.
 */
export async function serveSupergraph({
  registry,
  subgraphs,
  openSubgraph,
  authorization,
  rules = DEFAULT_RULES,
  planners: given,
  onSnapshot,
  log,
}: SupergraphServing): Promise<ServedSupergraph> {
  const directory = new SubgraphDirectory(subgraphs, openSubgraph);
  const planners = given ?? startPlannerThreads({ log });
  const release = async (): Promise<void> => {
    if (!given) await planners.close();
    await directory.close();
  };
  const load = (version: SupergraphVersion): Promise<Snapshot> =>
    loadSnapshot(version, {
      directory,
      loadPlanner: (sdl) => planners.load(sdl),
      authorization,
      rules,
    });

  async function loadFirst(): Promise<Snapshot> {
    const version = await registry.current();
    try {
      return await load(version);
    } catch (error) {
      const other = await registry.instead?.(version, error as Error);
      if (!other) throw error;
      return load(other);
    }
  }

  try {
    const snapshots = new CurrentSnapshot(await loadFirst());
    onSnapshot?.(snapshots.current);
    const followed = followRegistry(registry, snapshots, { load, onSnapshot, log });
    return {
      snapshots,
      problem: () => followed.problem,
      measured() {
        const { current, currentSince: servedSince } = snapshots;
        const { failedLoads } = followed;
        return {
          supergraph: { id: current.id, servedSince, failedLoads, plans: current.plans.size },
          planners: planners.measured(),
        };
      },
      async close() {
        followed.stop();
        await snapshots.current.close();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}
