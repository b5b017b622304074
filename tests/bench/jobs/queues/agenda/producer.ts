import { MongoClient } from 'mongodb';
import { countCommands } from '../../processes/count-commands.js';
import { serveProducer } from '../../processes/serve-producer.js';
import { jobName, stockAgenda } from './stock-agenda.js';

/** Started, though it defines nothing to run: one that is not sends no notifications. */
serveProducer(async (database) => {
  const agenda = stockAgenda(database, 1);
  await agenda.start();
  return async (sent) => void (await agenda.now(jobName(0), sent));
}, countCommands(MongoClient));
