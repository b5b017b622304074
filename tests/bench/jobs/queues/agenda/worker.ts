import type { Job } from 'agenda';
import { serveWorker } from '../../processes/serve-worker.js';
import type { SentJob } from '../sent-job.js';
import { jobName, stockAgenda } from './stock-agenda.js';

serveWorker(async ({ url, places, definitions }, handle) => {
  const agenda = stockAgenda(url, places);
  for (let index = 0; index < definitions; index++)
    agenda.define(jobName(index), ({ attrs }: Job<SentJob>) => handle(attrs.data!), { concurrency: places });
  await agenda.start();
  return () => agenda.stop();
});
