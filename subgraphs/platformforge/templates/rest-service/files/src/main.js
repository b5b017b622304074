// The entry point: the only file that reads the environment and hears signals.
import { buildServer } from './build-server.js';
import { memoryStore } from './memory-store.js';
import { readSettings } from './settings.js';

let settings;
try {
  settings = readSettings(process.env);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const server = buildServer({ ...settings, store: memoryStore({ capacity: 10_000 }) });

/** Takes no new request, finishes those under way, and ends; what has not ended after `stopMs` is cut off. */
async function stop(signal) {
  server.log.info(`${signal}: stopping`);
  server.stopping();
  const late = setTimeout(() => {
    server.log.error(`requests were still under way after ${settings.stopMs} ms: they are cut off`);
    process.exit(1);
  }, settings.stopMs);
  await server.close();
  clearTimeout(late);
  server.log.info('stopped');
}

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, stop);

try {
  await server.listen({ host: settings.host, port: settings.port });
} catch (error) {
  server.log.fatal(error, `cannot listen on ${settings.host}:${settings.port}`);
  process.exitCode = 1;
}
