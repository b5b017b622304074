import type { Job } from 'agenda';
import { MongoClient } from 'mongodb';
import { countCommands } from '../../processes/count-commands.js';
import { serveWorker } from '../../processes/serve-worker.js';
import type { SentJob } from '../sent-job.js';
import { jobName, stockAgenda } from './stock-agenda.js';

serveWorker(async (setup, handle) => {
  const { places, definitions } = setup;
  const agenda = stockAgenda(setup, places);
  for (let index = 0; index < definitions; index++)
    agenda.define(jobName(index), ({ attrs }: Job<SentJob>) => handle(attrs.data!), { concurrency: places });
  await agenda.start();
  return () => agenda.stop();
}, countCommands(MongoClient));
