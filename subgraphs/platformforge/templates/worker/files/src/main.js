// The entry point: the only file that reads the environment and hears signals.
import { createLog } from './log.js';
import { serveHealth } from './serve-health.js';
import { readSettings } from './settings.js';
import { startSchedule } from './start-schedule.js';
import { runTask, TASK } from './task.js';
import { createRunner } from './runner.js';

let settings;
try {
  settings = readSettings(process.env);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

const log = createLog(TASK);
const runner = createRunner({
  log,
  retry: settings.retry,
  task: ({ signal, attempt }) => runTask({ folder: settings.folder, signal, attempt }),
});
const schedule = startSchedule(settings, () => runner.run());

const health = serveHealth({ runner, nextRunAt: () => schedule.nextRunAt() });
health.once('error', (error) => {
  log('error', `cannot listen on ${settings.host}:${settings.port}: ${error.message}`);
  process.exit(1);
});
health.listen(settings.port, settings.host, () =>
  log('info', 'started', { schedule: settings.schedule, port: health.address().port, nextRunAt: schedule.nextRunAt() }),
);

/** Starts no further run, lets the one under way end, and after `stopMs` asks it to give up. */
async function stop(signal) {
  log('info', `${signal}: stopping`);
  schedule.stop();
  const drained = await runner.stop(settings.stopMs);
  health.close();
  health.closeAllConnections();
  log(drained ? 'info' : 'error', drained ? 'stopped' : `stopped: the run did not end within ${settings.stopMs} ms`);
  process.exit(drained ? 0 : 1);
}

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, stop);
