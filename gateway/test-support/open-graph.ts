import type { SchemaRegistryPort, SubgraphHandle, SupergraphVersion } from '@inevitable/contract';
import { pino } from 'pino';
import type { Credentials } from '../authentication/credentials.js';
import { authorizationWith } from '../authorization/authorization-with.js';
import { OperationDocuments } from '../documents/operation-documents.js';
import { gatherExtensions } from '../extensions/gather-extensions.js';
import type { GatewayExtension } from '../extensions/gateway-extension.js';
import { openOperation, type OpenedOperation } from '../pipeline/open-operation.js';
import type { ReceivedOperation } from '../pipeline/receive.js';
import type { PlannerThreads } from '../planner/planner-threads.js';
import type { SubscriptionsSettings } from '../protection/subscriptions-settings.js';
import { RequestFacts } from '../routing/request-facts.js';
import { serveSupergraph } from '../snapshot/serve-supergraph.js';
import type { CurrentSnapshot } from '../snapshot/current-snapshot.js';
import { LiveSubscriptions } from '../subscriptions/live-subscriptions.js';
import type { SlowConsumer } from '../subscriptions/subscription.js';

export interface OpenGraphOptions {
  readonly planners?: PlannerThreads;
  readonly credentials?: Credentials | null;
  readonly extensions?: readonly GatewayExtension[];
  readonly slowConsumer?: SlowConsumer;
  readonly bounds?: SubscriptionsSettings | null;
}

/** A supergraph behind the pipeline, as transports open operations on it. */
export interface OpenGraph {
  readonly snapshots: CurrentSnapshot;
  readonly subscriptions: LiveSubscriptions;
  /** Errors that were logged. */
  readonly logged: readonly { readonly msg: string; readonly err?: { readonly message: string } }[];
  open(query: string, received?: Partial<ReceivedOperation>): Promise<OpenedOperation>;
  /** Takes over another supergraph; resolves when it is the current one. */
  reload(sdl: string): Promise<void>;
  close(): Promise<void>;
}

export async function openGraph(
  sdl: string,
  handles: ReadonlyMap<string, SubgraphHandle>,
  { planners, credentials = null, extensions: given = [], slowConsumer, bounds = null }: OpenGraphOptions = {},
): Promise<OpenGraph> {
  const logged: { msg: string }[] = [];
  const log = pino(
    { level: 'error' },
    { write: (line: string) => void logged.push(JSON.parse(line) as { msg: string }) },
  );
  const extensions = gatherExtensions(given, log);
  let announce: (version: SupergraphVersion) => void = () => undefined;
  const registry: SchemaRegistryPort = {
    current: async () => ({ id: '0', sdl }),
    watch(listener) {
      announce = listener;
      return () => undefined;
    },
  };
  const { snapshots, close } = await serveSupergraph({
    registry,
    subgraphs: handles,
    openSubgraph: null,
    authorization: authorizationWith('filter', null, extensions, log),
    planners,
    log,
  });
  const documents = new OperationDocuments({ trusted: null });
  const onRefused = (): void => undefined;
  const parts = { credentials, documents, snapshots, extensions, onRefused, log, slowConsumer, bounds };
  const subscriptions = new LiveSubscriptions(parts);
  let versions = 0;
  return {
    snapshots,
    subscriptions,
    logged,
    open: (query, received = {}) =>
      openOperation(
        {
          query,
          documentId: null,
          operationName: null,
          variables: {},
          mayMutate: true,
          mayStream: true,
          incremental: null,
          lastEventId: null,
          header: () => undefined,
          rawHeaders: [],
          facts: new RequestFacts('r1', null, Date.now() + 30_000, 'internal'),
          ...received,
        } as ReceivedOperation,
        { credentials, documents, snapshots, subscriptions, extensions, refusedTexts: null, onRefused, log },
      ),
    reload: (next) =>
      new Promise((resolve) => {
        const done = snapshots.onSwap(() => {
          done();
          resolve();
        });
        announce({ id: String(++versions), sdl: next });
      }),
    async close() {
      subscriptions.close();
      await close();
    },
  };
}
