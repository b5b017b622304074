import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { ok, problem, warning, type Check, type Said } from './check.js';
import { originOf } from '../parts/subgraph-origin.js';

const DEFAULT_PORT = 8_080;

/** The ports a start would listen on: free, or who has them. Those of parts that run apart are warnings: few do. */
export const portsCheck: Check = {
  name: 'ports',
  async run(patient, signal) {
    const { settings } = patient;
    if (!settings) return [];
    const { host, port = DEFAULT_PORT, metricsPort } = settings;
    const config = await patient.config().catch(() => null);
    const said = [await lookAtPort(host, port, 'PORT', problem, signal)];
    if (metricsPort !== undefined) said.push(await lookAtPort(host, metricsPort, 'METRICS_PORT', problem, signal));
    for (const { name, routingUrl } of config?.subgraphs.values() ?? []) {
      const { hostname, port: own } = new URL(originOf(settings, name, routingUrl));
      if (!['127.0.0.1', 'localhost', host].includes(hostname) || !own) continue;
      const looked = await lookAtPort(host, Number(own), `of "${name}", where it runs apart`, warning, signal);
      if (looked.verdict !== 'ok') said.push(looked);
    }
    return said;
  },
};

async function lookAtPort(
  host: string,
  port: number,
  what: string,
  taken: typeof problem,
  signal: AbortSignal,
): Promise<Said> {
  const failure = await listenFailure(host, port);
  if (failure === null) return ok(`Port ${port} (${what}) is free.`);
  if (failure !== 'EADDRINUSE')
    return taken(
      `Port ${port} (${what}) on ${host} cannot be listened on (${failure}).`,
      'Choose another, or another HOST.',
    );
  if (await (what === 'METRICS_PORT' ? servesOurMetrics : isOurs)(host, port, signal))
    return ok(`Port ${port} (${what}) is that of a stack that runs.`);
  const owner = await ownerOf(port, signal);
  return taken(
    `Port ${port} (${what}) is taken${owner ? ` by ${owner}` : ''}.`,
    what.startsWith('of')
      ? 'End that program, or give the subgraph another port.'
      : `Choose another with ${what}, or end that program.`,
  );
}

/** null: it can be listened on. */
function listenFailure(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'unknown'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

function ask(host: string, port: number, path: string, signal: AbortSignal): Promise<Response> {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  const within = AbortSignal.any([signal, AbortSignal.timeout(1_500)]);
  return fetch(`http://${reachable}:${port}${path}`, { signal: within });
}

/** Every part counts something under a name of ours. */
const servesOurMetrics = (host: string, port: number, signal: AbortSignal): Promise<boolean> =>
  ask(host, port, '/metrics', signal)
    .then((response) => response.text())
    .then(
      (text) => /^# HELP stack_/m.test(text),
      () => false,
    );

/** Every part answers `/health` with a name or with its parts. */
async function isOurs(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  const answer = await ask(host, port, '/health', signal)
    .then((response) => response.json() as Promise<{ parts?: unknown; ready?: unknown } | null>)
    .catch(() => null);
  return answer !== null && typeof answer === 'object' && ('parts' in answer || 'ready' in answer);
}

/** The process that listens, where Linux tells. Its arguments are not shown: they may hold a secret. */
async function ownerOf(port: number, signal: AbortSignal): Promise<string | null> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const LISTENING = '0A';
  const sockets = new Set(
    tables
      .flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)))
      .filter(([, local, , state]) => state === LISTENING && local?.endsWith(`:${hex}`))
      .map((columns) => `socket:[${columns[9]}]`),
  );
  if (!sockets.size) return null;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (signal.aborted) return null;
    for (const file of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      if (!sockets.has(await readlink(`/proc/${pid}/fd/${file}`).catch(() => ''))) continue;
      const program = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program');
      return `${program.trim()} (process ${pid})`;
    }
  }
  return null;
}
