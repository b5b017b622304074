import type {
  DeploymentContext,
  EntitlementsPort,
  EventBus,
  SecurityEventSink,
  SubgraphHandle,
} from '@inevitable/contract';
import type { SubgraphDeclaration } from '@inevitable/kit';
import { hostSubgraph, type FileStore, type ProductObserver, type WorkedProduct } from '@inevitable/kit/host';
import type { Logger } from 'pino';
import type { Databases } from './databases.js';
import { openProductRows } from './open-product-rows.js';

/** A product as this process runs it: its subgraph, and what a worker needs of it. */
export interface HostedProduct {
  readonly handle: SubgraphHandle;
  readonly worked: WorkedProduct;
  /** Its database. Once. */
  close(): Promise<void>;
}

export interface ProductSurroundings {
  readonly databases: Databases;
  readonly entitlements: EntitlementsPort;
  readonly events: EventBus;
  readonly files: FileStore;
  readonly publicUrl: () => string;
  readonly deploymentOf: (product: string) => DeploymentContext | undefined;
  readonly securityEvent: SecurityEventSink;
  readonly observer: ProductObserver | undefined;
  readonly log: Logger;
}

/** The products of this process, and perhaps several states of one while it is reloaded. */
export class HostedProducts {
  readonly #open = new Set<HostedProduct>();

  constructor(private readonly surroundings: ProductSurroundings) {}

  /** Migrates its database, and hosts it. Leaves nothing open when it throws. */
  async host(declaration: SubgraphDeclaration): Promise<HostedProduct> {
    const { databases, deploymentOf, ...resources } = this.surroundings;
    const { database, systemUrl } = await openProductRows(declaration, databases);
    const deployment = deploymentOf(declaration.name);
    try {
      const handle = hostSubgraph(declaration, { ...resources, database, deployment });
      const product: HostedProduct = {
        handle,
        worked: { declaration, database, systemUrl, deployment },
        close: async () => {
          if (this.#open.delete(product)) await database?.close();
        },
      };
      this.#open.add(product);
      return product;
    } catch (error) {
      await database?.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((product) => product.close()));
  }
}
