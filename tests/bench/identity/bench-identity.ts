import { existsSync } from 'node:fs';
import { openIdentityBed } from './measure/identity-bed.js';
import { startPostgresql } from './measure/postgresql.js';
import { startStackBed } from './measure/stack-bed.js';
import { readOptions, type Options } from './options.js';
import { identityReport } from './report/identity-report.js';
import { promisesOf } from './report/promises.js';
import { measureReserve } from './runs/reserve.js';
import type { Results } from './runs/results.js';
import { measureRevocation } from './runs/revocation.js';
import { measureSignIn } from './runs/sign-in.js';
import { measureTiming } from './runs/timing.js';
import { measureVerification } from './runs/verification.js';

/** Tables on standard output; what happens meanwhile on standard error. */
const report = (line: string): void => void process.stderr.write(`  ${line}\n`);

async function main(): Promise<void> {
  if (!existsSync('/proc/self/stat')) throw new Error('CPU time is read from /proc, which this machine does not have.');
  const options = readOptions(process.argv.slice(2));
  const closers: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void closeAll().finally(() => process.exit(1))); // PostgreSQL would outlive us
  try {
    const results = await measured(options, closers);
    process.stdout.write(
      options.json ? `${JSON.stringify({ results, promises: promisesOf(results) })}\n` : identityReport(results),
    );
  } finally {
    await closeAll();
  }
}

async function measured(options: Options, closers: (() => Promise<void>)[]): Promise<Results> {
  const results: Results = {};
  const wants = (...names: readonly Options['runs'][number][]): boolean =>
    names.some((name) => options.runs.includes(name));
  if (wants('verification')) {
    report('verifying tokens …');
    results.verification = await measureVerification(options);
  }
  if (!wants('reserve', 'timing', 'sign-in', 'revocation')) return results;
  report('starting PostgreSQL …');
  const postgresql = await startPostgresql();
  closers.push(postgresql.close);
  if (wants('reserve')) {
    const bed = await openIdentityBed(postgresql, options.callers);
    report('reserving …');
    results.reserve = await measureReserve(bed, options).finally(bed.close);
  }
  if (!wants('timing', 'sign-in', 'revocation')) return results;
  report('starting the stack …');
  const stack = await startStackBed(postgresql);
  closers.push(stack.close);
  if (wants('timing')) {
    report('timing refusals …');
    results.timing = await measureTiming(stack, options);
  }
  if (wants('revocation')) {
    report('ending sessions …');
    results.revocation = await measureRevocation(stack, options);
  }
  if (wants('sign-in')) {
    report('signing in …');
    results['sign-in'] = await measureSignIn(stack, options);
  }
  return results;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench:identity: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
