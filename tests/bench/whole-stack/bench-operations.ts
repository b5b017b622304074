import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Figures } from './measure/figures.js';
import { findSaturation } from './measure/find-saturation.js';
import { measureRate } from './measure/measure-rate.js';
import { openOperationsBed, type OperationsBed } from './measure/operations-bed.js';
import { readOptions, type Options } from './options.js';
import { operationsReport } from './report/operations-report.js';
import { promisesOf } from './report/promises.js';

/** Of saturation: what an operator would plan with. */
const PART = 0.7;
/** Until V8 has compiled what runs often, a request costs several times what it costs later. */
const WARM_UP = { perSecond: 100, seconds: 6 };
/** So that the jobs of the load before do not count. */
const SETTLE_SECONDS = 2;

/** Tables on standard output; what happens meanwhile on standard error. */
const report = (line: string): void => void process.stderr.write(`  ${line}\n`);

async function measured(bed: OperationsBed, options: Options): Promise<Figures> {
  report('warming up …');
  await bed.send(WARM_UP.perSecond, WARM_UP.seconds * 1_000);
  if (options.perSecond === null) report('raising the rate …');
  const saturation = options.perSecond === null ? await findSaturation(bed, options, report) : null;
  const perSecond = saturation ? Math.round(saturation.perSecond * PART) : options.perSecond!;
  report(`${perSecond}/s for ${options.seconds} s …`);
  await bed.send(perSecond, SETTLE_SECONDS * 1_000);
  return {
    cores: availableParallelism(),
    saturation,
    measured: await measureRate(bed, perSecond, options.seconds),
    rssMb: await bed.rssMb(),
  };
}

async function main(): Promise<void> {
  if (!existsSync('/proc/self/stat')) throw new Error('CPU time is read from /proc, which this machine does not have.');
  const options = readOptions(process.argv.slice(2));
  const bed = await openOperationsBed(options, report);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void bed.close().finally(() => process.exit(1))); // PostgreSQL would outlive us
  try {
    const figures = await measured(bed, options);
    const promises = promisesOf(figures.measured);
    process.stdout.write(options.json ? `${JSON.stringify({ ...figures, promises })}\n` : operationsReport(figures));
  } finally {
    await bed.close();
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench:operations: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
