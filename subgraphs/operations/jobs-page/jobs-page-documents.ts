const JOB = 'id name state attempts tenantId progress note error createdAt';

/** What the page sends. It works where only listed documents are run; a test holds it equal to the page. */
export const JOBS_PAGE_DOCUMENTS: readonly string[] = [
  `{ jobDefinitions { name description scope workers
    counts { blocked scheduled ready running dead } schedule { cron timezone nextDue missed pausedAt } } }`,
  `query ($filter: JobFilter, $after: String) {
    jobs(filter: $filter, first: 50, after: $after) { nodes { ${JOB} } pageInfo { hasNextPage endCursor } } }`,
  `query ($id: ID!) { job(id: $id) { ${JOB} payload priority queue runAt startedAt finishedAt correlationId
    schedule worker dependencies { id name state }
    attemptLog { attempt outcome error startedAt endedAt log { at level message } } } }`,
  '{ stackStatus { jobs { unclaimed { name waiting oldest } } } }',
  'mutation ($input: RetryDeadJobsInput!) { retryDeadJobs(input: $input) { retried } }',
  'mutation ($input: ResumeScheduleInput!) { resumeSchedule(input: $input) { name } }',
  'mutation ($input: PauseScheduleInput!) { pauseSchedule(input: $input) { name } }',
  'mutation ($input: RetryJobInput!) { retryJob(input: $input) { id } }',
  'mutation ($input: CancelJobInput!) { cancelJob(input: $input) { id } }',
  'mutation ($input: RunJobInput!) { runJob(input: $input) { id } }',
  'subscription { jobChanged { id } }',
];
