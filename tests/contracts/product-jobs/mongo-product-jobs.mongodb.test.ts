import { mongoTestJobStore } from '@inevitable/kit/testing';
import { mongoStoredJobs } from '../../support/mongo-job-database.js';
import { describeProductJobs } from './describe-product-jobs.js';

describeProductJobs('MongoDB', async () => {
  const jobStore = await mongoTestJobStore();
  return { options: { jobStore }, urls: () => jobStore, stored: () => mongoStoredJobs(jobStore.runnerUrl) };
});
