import { existsSync } from 'node:fs';
import { openJobsBed } from './measure/jobs-bed.js';
import { startMongoServer, type MongoServer } from './measure/mongo-database.js';
import { readOptions, type Options } from './options.js';
import { kindOf, KINDS, storageOf, versionOf, type Kind } from './queues/queue-names.js';
import { jobsReport, type MongoSeen, type Versions } from './report/jobs-report.js';
import { promisesOf } from './report/promises.js';
import { measureResults } from './runs/results.js';

/** Tables on standard output; what happens meanwhile, and who was left out, on standard error. */
const report = (line: string): void => void process.stderr.write(`  ${line}\n`);

async function main(): Promise<void> {
  if (!existsSync('/proc/self/stat')) throw new Error('CPU time is read from /proc, which this machine does not have.');
  const asked = readOptions(process.argv.slice(2));
  const { server, mongo } = await mongoFor(asked);
  const queues = asked.queues.filter((name) => server !== null || storageOf(name) === 'postgresql');
  if (!queues.length) throw new Error('No queue is left.');
  const options = { ...asked, queues };
  report('starting PostgreSQL …');
  const opening = openJobsBed(queues, server);
  const close = async (): Promise<void> => {
    await (await opening).close();
    await server?.stop();
  };
  let isStopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      isStopping = true;
      void close().finally(() => process.exit(1)); // PostgreSQL would outlive us
    });
  const bed = await opening;
  try {
    const results = await measureResults(bed, options, report);
    if (isStopping) return; // half of the figures would look like all of them
    const mine = queues.filter((name) => kindOf(name) === 'ours');
    const isMissing = Object.values(results).some((compared) => mine.some((name) => compared[name] === undefined));
    if (isMissing) process.exitCode = 1; // the other may be missing, ours may not
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ results, mongodb: mongo, promises: promisesOf(results) })}\n`
        : jobsReport(results, options, { versions: await versions(), mongo }),
    );
  } finally {
    await close();
  }
}

/** The server for the queues whose jobs are in MongoDB, if there are any. Without one they are left out. */
async function mongoFor({ queues, load }: Options): Promise<{ server: MongoServer | null; mongo: MongoSeen }> {
  const names = queues.filter((name) => storageOf(name) === 'mongodb');
  if (!names.length) return { server: null, mongo: null };
  try {
    report("starting a server that speaks MongoDB's protocol …");
    const server = await startMongoServer(report);
    return { server, mongo: { server: server.name, jobs: load.mongodb.jobs } };
  } catch (error) {
    const { message } = error as Error;
    report(`${names.join(' and ')}: left out. ${message}`);
    return { server: null, mongo: { leftOut: message } };
  }
}

async function versions(): Promise<Versions> {
  const all = await Promise.all(KINDS.map(async (kind) => [kind, await versionOf(kind)] as const));
  return Object.fromEntries(all) as Record<Kind, string>;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench:jobs: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
