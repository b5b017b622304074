import { measureRecording } from './measure/measure-recording.js';
import { openRecordingBed } from './measure/recording-bed.js';
import { readOptions } from './options.js';
import { promisesOf } from './report/promises.js';
import { recordingReport } from './report/recording-report.js';

/** The figures on standard output; what happens meanwhile on standard error. */
const report = (line: string): void => void process.stderr.write(`  ${line}\n`);

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  // What was started ends when its channel to us does.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  report('starting the gateway, and asking it for everything once …');
  const { documents, clients, connections } = options;
  const bed = await openRecordingBed({ documents, clients, connections });
  try {
    const figures = await measureRecording(bed, options, report);
    process.stdout.write(
      options.json ? `${JSON.stringify({ ...figures, promises: promisesOf(figures) })}\n` : recordingReport(figures),
    );
  } finally {
    await bed.close();
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench:recording: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
