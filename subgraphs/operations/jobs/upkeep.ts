import type { EventBus, HealthReport } from '@inevitable/contract';
import type { JobRuns, JobStore } from '@inevitable/kit/host';
import type { StoredSchemaRegistry } from '../registry/open-schema-registry.js';
import type { OperationsStore } from '../store/operations-store.js';
import type { TrafficStore } from '../traffic/traffic-store.js';
import type { UsageStore } from '../usage/usage-store.js';

/** What operations' own jobs work with, and what its mutations write. */
export interface Upkeep {
  readonly store: OperationsStore;
  readonly schemas: Pick<StoredSchemaRegistry, 'publish' | 'rollback' | 'untold' | 'markTold'>;
  readonly usage: Pick<UsageStore, 'removeOldHours' | 'removeUnseen'>;
  readonly traffic: Pick<TrafficStore, 'removeOld'>;
  /** Where changes of health are published. */
  readonly bus: Pick<EventBus, 'publish'>;
  readonly runs: Pick<JobRuns, 'summarize'>;
  /** Of the job store, as its runner's role. */
  readonly endedJobs: Pick<JobStore, 'purge'>;
  /** How long ended jobs stay, in days. */
  readonly keepJobsDays: number;
}

export interface UpkeepSources {
  /** Every subgraph and part. */
  health(): Promise<HealthReport>;
  readonly upkeep: Upkeep;
}
