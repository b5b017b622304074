import { readFile } from 'node:fs/promises';
import { measureScenario } from './measure/measure-scenario.js';
import { identities } from './measure/streaming-bed.js';
import { readOptions } from './options.js';
import { streamingReport, type FiguresByScenario } from './report/streaming-report.js';

/** Of one process, beside those of its subscriptions. */
const OTHER_FILES = 200;

/** The table on standard output; what happens meanwhile on standard error. */
const report = (line: string): void => void process.stderr.write(`  ${line}\n`);

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const { json, subscriptions, scenarios } = options;
  await checkOpenFiles(subscriptions);
  // What was started ends when its channel to us does.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  report(`issuing ${subscriptions} tokens …`);
  const callers = identities(subscriptions);
  const figures: FiguresByScenario = {};
  for (const name of scenarios) {
    try {
      figures[name] = await measureScenario(name, options, callers, report);
    } catch (error) {
      report(`${name} is left out: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
  process.stdout.write(json ? `${JSON.stringify(figures)}\n` : streamingReport(figures));
}

/** Throws where a process may not have a connection for each subscription. */
async function checkOpenFiles(subscriptions: number): Promise<void> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => null);
  if (limits === null) throw new Error('CPU time is read from /proc, which this machine does not have.');
  const most = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  if (subscriptions + OTHER_FILES > most)
    throw new Error(
      `A process may have ${most} files open, too few for ${subscriptions} subscriptions: raise "ulimit -n", or say fewer with --subscriptions.`,
    );
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench:streaming: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
