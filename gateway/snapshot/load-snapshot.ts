import type { SupergraphVersion } from '@inevitable/contract';
import { buildSchema, parse } from 'graphql';
import { loadAuthorization, type AuthorizationOptions } from '../authorization/authorize.js';
import type { OperationPlan } from '../executor/operation-plan.js';
import { actualCosts } from '../limits/actual-cost.js';
import type { DocumentRules } from '../limits/document-rules.js';
import { costEstimates } from '../limits/estimate-cost.js';
import { readCosts } from '../limits/read-costs.js';
import { typeConditions } from '../executor/type-conditions.js';
import type { Planner } from '../planner/planner.js';
import { readEntityKeys } from '../supergraph/entity-keys.js';
import { readRequiredInputs } from '../supergraph/required-inputs.js';
import { readJoinGraphs } from '../supergraph/join-graph.js';
import { hidesObjectTypes, supergraphSchema } from '../supergraph/supergraph-types.js';
import type { SubgraphDirectory } from '../transports/subgraph-directory.js';
import { transportOf } from '../transports/transport-of.js';
import { DocumentCache } from './document-cache.js';
import { createPlanCache } from './plan-cache.js';
import type { Snapshot } from './snapshot.js';

export interface SnapshotParts {
  readonly directory: SubgraphDirectory;
  readonly loadPlanner: (sdl: string) => Promise<Planner>;
  readonly authorization: AuthorizationOptions;
  readonly rules: DocumentRules;
}

/**
 * Derives everything from a supergraph. Rejects with a sentence when it is none, when it names a subgraph that
 * cannot be had, or when it uses something the gateway does not understand; nothing is left open then.
 */
export async function loadSnapshot(
  { id, sdl }: SupergraphVersion,
  { directory, loadPlanner, authorization, rules }: SnapshotParts,
): Promise<Snapshot> {
  const handles = directory.acquire(readJoinGraphs(sdl));
  let planner: Planner | null = null;
  const close = async (): Promise<void> => {
    await planner?.close();
    await directory.release(handles);
  };
  try {
    planner = await loadPlanner(sdl);
    const document = parse(sdl, { noLocation: true });
    const supergraph = supergraphSchema(document);
    const schema = buildSchema(planner.supergraph.apiSdl, { assumeValid: true, assumeValidSDL: true });
    const costs = readCosts(document);
    return Object.freeze({
      id,
      sdl,
      schema,
      types: typeConditions(supergraph),
      keys: readEntityKeys(document),
      requiresInput: readRequiredInputs(document),
      hidesTypes: hidesObjectTypes(supergraph, schema),
      planner,
      authorization: loadAuthorization(sdl, schema, authorization),
      estimateOf: costEstimates(schema, costs),
      measureOf: actualCosts(schema, costs),
      rules,
      handles,
      transports: new Map([...handles].map(([name, handle]) => [name, transportOf(handle)])),
      documents: new DocumentCache(),
      plans: createPlanCache<OperationPlan>(),
      close,
    });
  } catch (error) {
    await close();
    throw error;
  }
}
