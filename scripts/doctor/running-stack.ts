import { ok, problem, warning, type Check, type Said } from './check.js';
import { placeOf } from './place-of.js';

const DEFAULT_PORT = 8_080;
const ANSWER_WITHIN_MS = 3_000;

interface Report {
  readonly status?: string;
  readonly parts?: readonly { readonly name: string; readonly ready: boolean; readonly reason: string | null }[];
}

/** The stack that runs here, or where IDENTITY_URL and OPERATIONS_URL say, if there is one: is it ready, and if not, why. */
export const runningStackCheck: Check = {
  name: 'running stack',
  async run({ settings, env }, signal) {
    if (!settings) return [];
    const { host, port = DEFAULT_PORT } = settings;
    const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
    const stack = await look('The stack', `http://${reachable}:${port}`, signal);
    const named = [
      ['IDENTITY_URL', 'identity', settings.identityUrl],
      ['OPERATIONS_URL', 'operations', settings.operationsUrl],
    ] as const;
    const peers = await Promise.all(
      named
        .filter(([setting]) => env[setting])
        .map(async ([setting, part, url]) => (await look(part, url, signal)) ?? absent(setting, part, url, stack)),
    );
    return [stack ?? ok(`No stack answers on port ${port}.`), ...peers];
  },
};

/** Where the stack is ready without it, everything is in one process, and nobody asks there. */
function absent(setting: string, part: string, url: string, stack: Said | null): Said {
  const message = `${part} does not answer at ${placeOf(url)}, which ${setting} names.`;
  return stack?.verdict === 'ok'
    ? warning(message, `Unset ${setting} where everything is in one process, or start ${part}.`)
    : problem(message, `Start ${part}, or correct ${setting}.`);
}

/** null: nobody of ours answers there. */
async function look(what: string, url: string, signal: AbortSignal): Promise<Said | null> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
  const began = performance.now();
  const report = await fetch(`${url}/health`, { signal: within })
    .then((response) => response.json() as Promise<Report | null>)
    .catch(() => null);
  if (!report || !Array.isArray(report.parts)) return null;
  const took = Math.round(performance.now() - began);
  const waiting = report.parts.filter((part) => !part.ready);
  if (!waiting.length)
    return ok(`${what} at ${placeOf(url)} is ready: ${report.parts.length} parts, told in ${took} ms.`);
  return problem(
    `${what} at ${placeOf(url)} is not ready: ${waiting.map(({ name, reason }) => `${name}: ${reason ?? 'not ready'}`).join('; ')}.`,
    'Look at its log, and at the checks above.',
  );
}
