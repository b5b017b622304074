import type { Resolvers } from '../generated/resolvers.js';
import type { OperationsSources } from '../subgraph.js';
import { cancelJob } from './cancel-job.js';
import { healthHistory } from './health-history.js';
import { job } from './job.js';
import { jobChanged } from './job-changed.js';
import { jobDefinitionFields } from './job-definition-fields.js';
import { jobDefinitions } from './job-definitions.js';
import { jobAttemptFields, jobFields } from './job-fields.js';
import { jobHours } from './job-hours.js';
import { jobs } from './jobs.js';
import { recordedOperationConnectionFields, recordedOperations } from './recorded-operations.js';
import { publishSchema, rollbackSchema } from './publish-schema.js';
import { retryDeadJobs } from './retry-dead-jobs.js';
import { retryJob } from './retry-job.js';
import { runJob } from './run-job.js';
import { publishedSubgraphFields, schemaPublicationFields, schemaVersionFields } from './schema-fields.js';
import { schemaPublications } from './schema-publications.js';
import { currentSchema, schemaVersion } from './schema-version.js';
import { stackStatus } from './stack-status.js';
import { stackStatusFields, stackTrafficFields } from './traffic-fields.js';
import { pauseSchedule, resumeSchedule } from './steer-schedule.js';

export const resolversOf = (sources: OperationsSources): Resolvers => ({
  Query: {
    stackStatus: stackStatus(sources),
    jobs: jobs(sources),
    job: job(sources),
    jobDefinitions: jobDefinitions(sources),
    healthHistory,
    jobHours,
    recordedOperations,
    schemaPublications,
    schemaVersion,
    currentSchema,
  },
  Mutation: {
    runJob: runJob(sources),
    retryJob: retryJob(sources),
    retryDeadJobs: retryDeadJobs(sources),
    cancelJob: cancelJob(sources),
    pauseSchedule: pauseSchedule(sources),
    resumeSchedule: resumeSchedule(sources),
    publishSchema: publishSchema(sources),
    rollbackSchema: rollbackSchema(sources),
  },
  Subscription: { jobChanged: jobChanged(sources) },
  StackStatus: stackStatusFields(sources),
  StackTraffic: stackTrafficFields,
  Job: jobFields(sources.desk),
  JobAttempt: jobAttemptFields,
  JobLogLine: { at: ({ at }) => new Date(at) },
  JobDefinition: jobDefinitionFields,
  RecordedOperationConnection: recordedOperationConnectionFields,
  SchemaPublication: schemaPublicationFields,
  SchemaVersion: schemaVersionFields,
  PublishedSubgraph: publishedSubgraphFields,
  FailedJob: { failedAt: ({ failedAt }) => new Date(failedAt) },
});
