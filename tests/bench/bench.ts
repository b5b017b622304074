import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { openBenchBed, type BenchBed } from './measure/bench-bed.js';
import { readOptions, type Options } from './options.js';
import { picture } from './report/picture.js';
import { processesReport } from './report/processes-report.js';
import { overheadReport } from './report/overhead-report.js';
import { speedJson } from './report/speed-json.js';
import { speedReport } from './report/speed-report.js';
import { stormReport } from './report/storm-report.js';
import { measureProcesses } from './runs/processes.js';
import { measureOverhead } from './runs/overhead.js';
import { measureSpeed } from './runs/speed.js';
import { measureStorm } from './runs/storm.js';

/** Figures and tables on standard output; what happens meanwhile, and who was left out, on standard error. */
const report = (line: string): void => void process.stderr.write(`  ${line}\n`);

async function runOnBed(
  bed: BenchBed,
  options: Options & { readonly run: Exclude<Options['run'], 'overhead'> },
): Promise<string> {
  switch (options.run) {
    case 'speed': {
      const tables = await measureSpeed(bed, options, report);
      const isMissing = options.operations.some((operation) => !tables.results?.[operation]?.ours);
      if (options.gateways.includes('ours') && isMissing) process.exitCode = 1; // a peer may be missing, ours may not
      if (options.picture !== null) await writeFile(options.picture, picture(tables.results ?? {}));
      return options.json ? `${speedJson(tables)}\n` : speedReport(tables);
    }
    case 'storm': {
      const storm = await measureStorm(bed, options, report);
      return options.json ? `${JSON.stringify({ storm })}\n` : stormReport(storm);
    }
    case 'processes': {
      const processes = await measureProcesses(bed, options, report);
      return options.json ? `${JSON.stringify({ processes })}\n` : processesReport(processes, options.processes);
    }
  }
}

async function main(): Promise<void> {
  if (!existsSync('/proc/self/stat')) throw new Error('CPU time is read from /proc, which this machine does not have.');
  const options = readOptions(process.argv.slice(2));
  // What was started ends when its channel to us does.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  process.stdout.write(await run(options));
}

async function run(options: Options): Promise<string> {
  if (options.run === 'overhead') {
    const overhead = await measureOverhead(options, report);
    return options.json ? `${JSON.stringify({ overhead })}\n` : overheadReport(overhead);
  }
  const names =
    options.run === 'processes' ? Array.from({ length: options.processes }, () => 'ours' as const) : options.gateways;
  const bed = await openBenchBed(names, report);
  try {
    return await runOnBed(bed, { ...options, run: options.run });
  } finally {
    await bed.close();
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
