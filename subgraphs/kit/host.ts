// What runs a product: for the composition root, for core-identity, and for tests. Products import '@inevitable/kit'.
export { operatorAuditStatement } from './audit/audit-statement.js';
export { refusalLimit, type RefusalLimit } from './audit/refusal-limit.js';
export * from './database/index.js';
export * from './embedded-postgres/index.js';
export { countFiles, deleteEveryFile, everyFile } from './files/every-file.js';
export { directoryFileStore } from './files/directory-file-store.js';
export type { FileStore } from './files/file-store.js';
export { s3FileStore, type S3Place } from './files/s3-file-store.js';
export { tenantFiles } from './files/tenant-files.js';
export { declaredEvents } from './events/declared-events.js';
export { inProcessBus } from './events/in-process-bus.js';
export type { NatsBus } from './events/nats/nats-bus.js';
export { NatsUnavailable } from './events/nats/nats-unavailable.js';
export { outboxMetrics, type OutboxMeasured } from './outbox/outbox-metrics.js';
export { productMetrics, type ProductObserver } from './observation/product-metrics.js';
export { readinessMetrics } from './observation/readiness-metrics.js';
export { tenantWork } from './outbox/outbox.js';
export { purgeOutboxJob } from './outbox/purge-outbox.js';
export { completeSchemaText, SHARED_NAMES } from './graph/complete-schema.js';
export type * from './jobs/store/job-desk.js';
export type { JobRuns, JobRunSummary } from './jobs/store/job-runs.js';
export type * from './jobs/store/job-store.js';
export type { ExaminedMongoJobs } from './jobs/store/mongo/examine-mongo-jobs.js';
export { mongoPlace } from './jobs/store/mongo/mongo-place.js';
export type { JobDepot, MoveMark } from './jobs/store/move/job-depot.js';
export { JobNotKept } from './jobs/store/move/job-not-kept.js';
export type * from './jobs/store/move/kept-job.js';
export { abandonMove, moveJobs, type Moved, type MoveOptions, type MoveProgress } from './jobs/store/move/move-jobs.js';
export { MoveRefused } from './jobs/store/move/move-refused.js';
export { openJobDepot } from './jobs/store/move/open-job-depot.js';
export {
  checkMongoJobs,
  examineMongoJobs,
  openJobDesk,
  openJobRuns,
  openJobStore,
} from './jobs/store/open-job-storage.js';
export { JOB_STORE_SCHEMA, migrateJobStore, openJobStorePool } from './jobs/store/postgres/postgres-job-store.js';
export { JOB_STATES } from './jobs/store/seen-jobs.js';
export type * from './jobs/store/seen-jobs.js';
export { jobMetrics } from './jobs/observation/job-metrics.js';
export type { JobObserver } from './jobs/observation/job-observer.js';
export { timeOfId } from './jobs/runner/job-ids.js';
export { natsBus, serveHealth, serveMetrics, serveSubgraph } from './loaded-when-asked.js';
export { securityEvents } from './security/security-events.js';
export { startWorker, type WorkedProduct, type Worker } from './jobs/start-worker.js';
export { hostSubgraph, type HostedSubgraph } from './subgraph/host-subgraph.js';
export { tenantEntitlements } from './subgraph/product-context.js';
export { runCommand, type CommandResources } from './subgraph/run-command.js';
export { AddressUnavailable } from './subgraph/address-unavailable.js';
export type { ServedMetrics } from './subgraph/serve-metrics.js';
export type { InternalApi, ServedSubgraph } from './subgraph/serve-subgraph.js';
export { contextVerifier } from './subgraph/verify-context.js';
export { archiveWriter, indexKey, sha256, type ArchivedFile, type ArchivePart } from './tenant-data/archive-writer.js';
export { countLeft } from './tenant-data/count-left.js';
export { cursorLines } from './tenant-data/cursor-lines.js';
export { exportFiles } from './tenant-data/export-files.js';
