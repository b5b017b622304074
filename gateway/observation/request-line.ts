import { pino, type DestinationStream, type Logger } from 'pino';
import type { FetchMade } from '../executor/run-plan.js';
import type { GatewayExtension, OperationSeen } from '../extensions/gateway-extension.js';
import type { RequestSeen } from '../extensions/request-seen.js';
import { ClientsSeen } from '../usage/clients-seen.js';

/** `problems`: all but those that were answered with what they asked for. */
export type RequestLogMode = 'all' | 'problems';

/** Of those that cost us next to nothing, and whoever sends them nothing: a flood of them fills no disk. */
const MOST_WORTHLESS_PER_SECOND = 100;
/** As documents may name them, they have no limit. */
const LONGEST_NAME = 100;
/** Subgraphs may say anything in the place of a code. */
const CODE = /^[A-Z][A-Z0-9_]{0,49}$/;

/**
 * One line for each request, with `request: true`, whatever else of the log is written, unless that is nothing. It says what
 * was asked for by names that developers give, and by hashes: it has no variables, no literals, no paths, in which links have
 * their tokens, no addresses and no persons.
 */
export function requestLog(log: Logger, mode: RequestLogMode): GatewayExtension {
  const clients = new ClientsSeen();
  const write = writerOf(log);
  let written = 0;
  let leftOut = 0;

  function isOneTooMany({ outcome }: RequestSeen): boolean {
    if (outcome !== 'refused' && outcome !== 'left') return false;
    if (written === 0) setTimeout(beginAgain, 1_000).unref();
    const isBeyond = written >= MOST_WORTHLESS_PER_SECOND;
    if (isBeyond) leftOut++;
    else written++;
    return isBeyond;
  }

  function beginAgain(): void {
    if (leftOut > 0) write('info', `,"leftOut":${leftOut}`, 'requests that were refused, or that nobody waited for');
    written = 0;
    leftOut = 0;
  }

  return {
    name: 'request-log',
    contract: 1,
    onRequestEnd(request) {
      if ((mode === 'problems' && request.outcome === 'answered') || isOneTooMany(request)) return;
      write(request.outcome === 'failed' ? 'warn' : 'info', membersOf(request, clients), 'request');
    },
  };
}

type WriteLine = (level: 'info' | 'warn', members: string, message: string) => void;

/**
 * As pino writes a line. By pino's own methods, which look for how each member is to be written, a line took 8 µs, and 3 by
 * this: `npm run bench` has a request that takes 100 in all. All that is written here is known to be text or a number.
 */
function writerOf(log: Logger): WriteLine {
  if (log.level === 'silent') return () => undefined;
  const { [pino.symbols.streamSym]: lines } = log as unknown as {
    readonly [pino.symbols.streamSym]?: DestinationStream;
  };
  if (!lines) throw new Error('The log for lines of requests is made by another copy of pino than the gateway has.');
  const base = JSON.stringify({ ...log.bindings(), request: true }).slice(1, -1);
  const timeText = timeWriter();
  return (level, members, message) =>
    lines.write(`{"level":${log.levels.values[level]},"time":${timeText()},${base}${members},"msg":"${message}"}\n`);
}

/** Epoch milliseconds. A number of so many digits takes longer to write than most of a line; the same one need not be. */
function timeWriter(): () => string {
  let [time, text] = [0, '0'];
  return () => {
    const now = Date.now();
    if (now !== time) [time, text] = [now, String(now)];
    return text;
  };
}

/** What is not known is left out. */
function membersOf(request: RequestSeen, clients: ClientsSeen): string {
  const { trace, requestId, route, product, method, status, outcome, codes, durationMs } = request;
  const { context, operation, planKnown, fetches, responseBytes, payloads } = request;
  let members = `,"traceId":"${trace.traceId}"`;
  if (requestId !== trace.traceId) members += `,"requestId":${text(requestId)}`;
  members += `,"route":"${route}"`;
  if (product !== null) members += `,"product":${text(product)}`;
  if (method !== null) members += `,"method":${text(method)}`;
  if (status !== null) members += `,"status":${status}`;
  members += `,"outcome":"${outcome}"`;
  if (codes.length > 0)
    members += `,"codes":[${codes.map((code) => (CODE.test(code) ? `"${code}"` : '"OTHER"')).join()}]`;
  members += `,"durationMs":${tenths(durationMs)}`;
  if (operation !== null) members += ofOperation(operation) + ofClient(request, operation, clients);
  if (context?.tenant) members += `,"tenantId":${text(context.tenant.id)}`;
  if (context !== null) members += `,"caller":"${context.caller.kind}"`;
  if (operation !== null) members += `,"cost":${operation.cost}`;
  if (planKnown !== null) members += `,"plan":"${planKnown ? 'known' : 'made'}"`;
  if (fetches.length > 0) members += `,"subgraphs":{${ofSubgraphs(fetches)}}`;
  if (responseBytes !== null) members += `,"bytes":${responseBytes}`;
  if (payloads > 0) members += `,"payloads":${payloads}`;
  return members;
}

function ofOperation({ operationName, definition, hash }: OperationSeen): string {
  const name = operationName === null ? '' : `"name":${text(operationName.slice(0, LONGEST_NAME))},`;
  return `,"operation":{${name}"type":"${definition.operation}","hash":"${hash}"}`;
}

/** As it is recorded with the use of operations: what it says of itself, made plain, for as many as can be told apart. */
function ofClient({ context, startedAt }: RequestSeen, { header }: OperationSeen, clients: ClientsSeen): string {
  const { name, version } = clients.of(header, startedAt, context !== null && context.tenant !== null);
  if (name === null) return version === null ? '' : `,"client":{"version":${text(version)}}`;
  return `,"client":{"name":${text(name)}${version === null ? '' : `,"version":${text(version)}`}}`;
}

/** Of fetches that were under way together, `ms` has the time of each. */
function ofSubgraphs(fetches: readonly FetchMade[]): string {
  let members = '';
  for (let first = 0; first < fetches.length; first++) {
    const { subgraph } = fetches[first]!;
    if (isNamedBefore(fetches, first)) continue;
    let count = 0;
    let ms = 0;
    let failed = 0;
    let shared = 0;
    for (let at = first; at < fetches.length; at++) {
      const fetch = fetches[at]!;
      if (fetch.subgraph !== subgraph) continue;
      count++;
      ms += fetch.durationMs;
      if (fetch.failed) failed++;
      if (fetch.shared) shared++;
    }
    if (members !== '') members += ',';
    members += `${text(subgraph)}:{"fetches":${count},"ms":${tenths(ms)},"failed":${failed},"shared":${shared}}`;
  }
  return members;
}

function isNamedBefore(fetches: readonly FetchMade[], place: number): boolean {
  for (let at = 0; at < place; at++) if (fetches[at]!.subgraph === fetches[place]!.subgraph) return true;
  return false;
}

const PLAIN = /^[\w .:@/+()-]*$/;
const text = (said: string): string => (PLAIN.test(said) ? `"${said}"` : JSON.stringify(said));

/** What fits into 32 bits in tenths of a millisecond: two days. */
const MOST_WHOLE_MS = 2e8;

/** Put together from whole numbers, which are written faster than fractions. */
function tenths(ms: number): string {
  if (ms > MOST_WHOLE_MS) return ms.toFixed(1);
  const tenth = (ms * 10 + 0.5) | 0;
  const whole = (tenth / 10) | 0;
  return `${whole}.${tenth - whole * 10}`;
}
