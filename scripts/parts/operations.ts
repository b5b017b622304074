import type { EventBus } from '@inevitable/contract';
import { openJobRuns, openProductDatabase, openJobStore, type ProductDatabase } from '@inevitable/kit/host';
import {
  openOperationsStore,
  openSchemaRegistry,
  openTrafficStore,
  openUsageStore,
  operationsDatabase,
  type StoredSchemaRegistry,
  type TrafficStore,
  type Upkeep,
  type UsageStore,
} from '@inevitable/operations';
import type { Logger } from 'pino';
import type { Settings } from '../settings/settings.js';
import type { Closers } from './closers.js';
import type { Databases, PreparedJobStore } from './databases.js';

export interface OperationsParts {
  readonly database: ProductDatabase;
  readonly systemUrl: string;
  /** What gateways follow. */
  readonly schemas: StoredSchemaRegistry;
  /** What operations' own jobs work with. */
  readonly upkeep: Upkeep;
  /** Where the gateway's recorder leaves what it counted. */
  readonly usage: UsageStore;
  /** And its counter what it answered. */
  readonly traffic: TrafficStore;
}

/** Opens operations' own database and what its jobs need of the job store. */
export async function openOperationsParts(
  settings: Settings,
  databases: Databases,
  jobStore: PreparedJobStore,
  bus: EventBus,
  closers: Closers,
  log: Logger,
): Promise<OperationsParts> {
  const { appUrl, systemUrl } = await databases.prepare(operationsDatabase);
  const database = await openProductDatabase(operationsDatabase, appUrl);
  closers.add('database of operations', () => database.close());
  const store = openOperationsStore(systemUrl);
  closers.add('operations store', () => store.close());
  const schemas = openSchemaRegistry(systemUrl, log);
  closers.add('schema registry', () => schemas.close());
  const usage = openUsageStore(systemUrl, log);
  closers.add('usage store', () => usage.close());
  const traffic = openTrafficStore(systemUrl);
  closers.add('traffic store', () => traffic.close());
  const runs = await openJobRuns(jobStore.readerUrl);
  closers.add('job runs', () => runs.close());
  const endedJobs = await openJobStore(jobStore.runnerUrl, log);
  closers.add('ended jobs', () => endedJobs.close());
  return {
    database,
    systemUrl,
    schemas,
    usage,
    traffic,
    upkeep: { store, schemas, usage, traffic, bus, runs, endedJobs, keepJobsDays: settings.jobsKeepDays },
  };
}
