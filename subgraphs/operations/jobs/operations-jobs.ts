import type { JobDefinition } from '@inevitable/kit';
import { checkHealthJob } from './check-health.js';
import { retentionJob } from './retention.js';
import { summarizeJobs } from './summarize-jobs.js';
import { tellPublicationsJob } from './tell-publications.js';
import type { UpkeepSources } from './upkeep.js';

/** What operations does by itself: the platform's own jobs, of no tenant. */
export const operationsJobs = (sources: UpkeepSources): readonly JobDefinition[] => [
  checkHealthJob(sources),
  tellPublicationsJob(sources),
  summarizeJobs(sources),
  retentionJob(sources),
];
