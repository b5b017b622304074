import type { DataPart, DataTask } from '@inevitable/contract';
import type { Pool } from 'pg';
import type { ProductDatabase } from '../database/index.js';
import type { FileStore } from '../files/file-store.js';
import type { JobStore } from '../jobs/store/job-store.js';
import type { SubgraphDeclaration } from '../subgraph/define-subgraph.js';
import { erasePart } from './erase-part.js';
import { exportPart } from './export-part.js';

/** One product, with every place where it keeps something of a tenant. */
export interface DataResources {
  readonly declaration: SubgraphDeclaration;
  readonly database: ProductDatabase;
  /** Of the product's system role. */
  readonly systemPool: Pool;
  readonly files: FileStore;
  readonly jobs: Pick<JobStore, 'eraseTenant' | 'countTenant'>;
  /** Aborts between two steps; what was done stays done, and the task is open still. */
  readonly signal?: AbortSignal;
}

/** Does a product's part of an order. It may be done again, from the beginning, after any of its steps. */
export const performDataTask = (task: DataTask, resources: DataResources): Promise<DataPart> =>
  task.kind === 'export' ? exportPart(task, resources) : erasePart(task, resources);
