// What a product team imports. What runs a product (hosting, roles, migrations, relay) is in ./host.js.
export {
  BadUserInput,
  CallerError,
  Conflict,
  Forbidden,
  isUuid,
  NotEntitled,
  NotFound,
  OperatorError,
  QuotaExceeded,
  Unauthenticated,
  userOf,
  type Caller,
  type DeploymentContext,
  type Feature,
  type FeatureUsage,
  type RequestContext,
  type Reservation,
  type ReservationState,
  type TenantId,
  type UserId,
} from '@inevitable/contract';
export {
  defineDatabase,
  type DatabaseDeclaration,
  type PrismaClientLike,
  type TenantClient,
} from './database/index.js';
export type { DeclaredEvent } from './events/declared-events.js';
export { defineEvent, type EventDefinition, type EventName } from './events/define-event.js';
export { EventsMissed, HeardEvent, type EventOf } from './events/heard-event.js';
export type { SubscribeOptions, TenantEvents } from './events/tenant-events.js';
export {
  BadFileKey,
  FilesUnavailable,
  type ByteRange,
  type FileContent,
  type Files,
  type StoredFile,
} from './files/file-store.js';
export { serveFile, type FileToServe } from './files/serve-file.js';
export type { TenantFiles } from './files/tenant-files.js';
export { connectionOf, type Connection, type PageArguments, type PageToRead } from './graph/connection.js';
export type { EntityReference } from './graph/entity-reference.js';
export { inOneCall } from './graph/in-one-call.js';
export { newId } from './graph/new-id.js';
export { plainText } from './graph/plain-text.js';
export { uuidText } from './graph/uuid-text.js';
export {
  BadJob,
  defineJob,
  JobCancelled,
  JobTookTooLong,
  RunLost,
  skipped,
  type JobConcurrency,
  type JobDefinition,
  type JobLog,
  type JobRun,
  type QueueState,
  type RetryPolicy,
  type Skipped,
} from './jobs/define-job.js';
export { BadSchedule, type JobSchedule } from './jobs/schedule/job-schedule.js';
export { defineCommand, type CommandRun, type ProductCommand } from './subgraph/define-command.js';
export {
  BadFeature,
  BadTenantData,
  defineSubgraph,
  jobsPermission,
  type RouteHandler,
  type SubgraphDeclaration,
} from './subgraph/define-subgraph.js';
export { htmlPage } from './subgraph/html-page.js';
export { parseInput } from './subgraph/parse-input.js';
export type {
  EnqueueOptions,
  EventToPublish,
  ProductContext,
  ReservationsWanted,
  RouteContext,
  TenantEntitlements,
  TenantWork,
} from './subgraph/product-context.js';
export { requirePermission, requirePlatformAdmin, requireTenant, requireUser } from './subgraph/require.js';
export type { TenantData, TenantTableData } from './tenant-data/tenant-data.js';
