import type { EntitlementsPort, SubgraphHandle } from '@inevitable/contract';
import type { Logger } from 'pino';
import { authorizationWith } from '../authorization/authorization-with.js';
import { tenantEntitlements } from '../authorization/tenant-entitlements.js';
import type { AuthorizationOptions } from '../authorization/authorize.js';
import { gatherExtensions, type GatheredExtensions } from '../extensions/gather-extensions.js';
import type { GatewayExtension } from '../extensions/gateway-extension.js';
import { MAX_ERRORS, refused } from '../graphql-over-http/refuse-document.js';
import { operationOf } from '../pipeline/identify-operation.js';
import { runOperation } from '../pipeline/run-operation.js';
import { validateDocument } from '../limits/validate-document.js';
import type { PlannerThreads } from '../planner/planner-threads.js';
import type { CurrentSnapshot } from '../snapshot/current-snapshot.js';
import { DocumentCache } from '../snapshot/document-cache.js';
import { serveSupergraph } from '../snapshot/serve-supergraph.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { ValidDocument } from '../snapshot/valid-document.js';
import { versionOf } from '../supergraph/supergraph-file.js';
import { answerResult } from '../executor/answer.js';
import type { EngineOperation, SupergraphEngine } from './supergraph-engine.js';

export interface EngineOptions {
  readonly extensions?: readonly GatewayExtension[];
  /** What happens to an operation with fields its caller may not have; `filter` unless given. */
  readonly mode?: AuthorizationOptions['mode'];
  /** Null: no tenant is entitled to anything. */
  readonly entitlements?: EntitlementsPort | null;
  /** Shared with other engines, and left running when this one is closed. By default the engine has its own. */
  readonly planners?: PlannerThreads;
}

/**
 * The phases of the pipeline from protection onwards, for a server that reads requests itself. Rejects when the
 * supergraph does not load, or names a subgraph for which there is no handle.
 */
export async function loadSupergraphEngine(
  sdl: string,
  subgraphs: ReadonlyMap<string, SubgraphHandle>,
  log: Logger,
  { extensions: given = [], mode = 'filter', entitlements = null, planners }: EngineOptions = {},
): Promise<SupergraphEngine> {
  const extensions = gatherExtensions(given, log);
  const { snapshots, close } = await serveSupergraph({
    registry: { current: async () => versionOf(sdl) },
    subgraphs,
    openSubgraph: null,
    authorization: authorizationWith(mode, entitlements && tenantEntitlements(entitlements), extensions, log),
    planners,
    log,
  });
  return engineOn(snapshots, extensions, log, close);
}

/** The phases of the pipeline from protection onwards, on whatever supergraph is the current one. */
export function engineOn(
  snapshots: CurrentSnapshot,
  extensions: GatheredExtensions,
  log: Logger,
  close: () => Promise<void>,
): SupergraphEngine {
  /** By snapshot: what is known of an operation depends on it. */
  const documents = new WeakMap<Snapshot, DocumentCache>();

  function documentOf({ document, source, hash }: EngineOperation, snapshot: Snapshot): ValidDocument {
    let known = documents.get(snapshot);
    if (!known) documents.set(snapshot, (known = new DocumentCache()));
    const before = known.get(source);
    if (before) return before;
    // Its server validated it, but on the supergraph there was then.
    const errors = validateDocument(snapshot.schema, document, { maxErrors: MAX_ERRORS });
    if (errors.length > 0) throw refused('GRAPHQL_VALIDATION_FAILED', errors);
    const valid = { document, source, hash, operations: new Map() };
    known.met(valid);
    return valid;
  }

  return {
    get schema() {
      return snapshots.current.schema;
    },
    async execute(asked, context) {
      const snapshot = snapshots.acquire();
      try {
        const document = documentOf(asked, snapshot);
        const identified = {
          document,
          schema: snapshot.schema,
          operation: operationOf(document, asked.operationName, snapshot),
          variables: asked.variables,
          context,
          incremental: null,
          end: context.signal,
          header: asked.header ?? (() => undefined),
          identifiedAt: performance.now(),
          record: null,
        };
        const { answer, headers } = await runOperation(identified, { snapshot, extensions, log });
        for (let at = 0; at < headers.length; at += 2) asked.addHeader?.(headers[at]!, headers[at + 1]!);
        return answerResult(answer);
      } finally {
        snapshots.release(snapshot);
      }
    },
    close,
  };
}
