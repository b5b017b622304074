import { existsSync } from 'node:fs';
import { openJobsBed } from './measure/jobs-bed.js';
import { readOptions } from './options.js';
import { QUEUE_NAMES, versionOf, type QueueName } from './queues/queue-names.js';
import { jobsReport, type Versions } from './report/jobs-report.js';
import { promisesOf } from './report/promises.js';
import { measureResults } from './runs/results.js';

/** Tables on standard output; what happens meanwhile, and who was left out, on standard error. */
const report = (line: string): void => void process.stderr.write(`  ${line}\n`);

async function main(): Promise<void> {
  if (!existsSync('/proc/self/stat')) throw new Error('CPU time is read from /proc, which this machine does not have.');
  const options = readOptions(process.argv.slice(2));
  report('starting PostgreSQL …');
  const opening = openJobsBed(options.queues);
  let isStopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      isStopping = true;
      void opening.then((bed) => bed.close()).finally(() => process.exit(1)); // PostgreSQL would outlive us
    });
  const bed = await opening;
  try {
    const results = await measureResults(bed, options, report);
    if (isStopping) return; // half of the figures would look like all of them
    const isMissing = Object.values(results).some(({ ours }) => ours === undefined);
    if (options.queues.includes('ours') && isMissing) process.exitCode = 1; // the other may be missing, ours may not
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ results, promises: promisesOf(results) })}\n`
        : jobsReport(results, options, await versions()),
    );
  } finally {
    await bed.close();
  }
}

async function versions(): Promise<Versions> {
  const all = await Promise.all(QUEUE_NAMES.map(async (name) => [name, await versionOf(name)] as const));
  return Object.fromEntries(all) as Record<QueueName, string>;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench:jobs: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
