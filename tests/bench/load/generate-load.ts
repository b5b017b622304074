import { readFile, stat } from 'node:fs/promises';
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { Client, Pool, type Dispatcher } from 'undici';
import { answerOrders, readSetup, reportReady } from '../processes/as-child.js';
import { exchange } from './exchange.js';
import type { LoadOrder, LoadResult } from './load-order.js';

/** Of an open load, to each process: more than are ever busy, so that no request waits for one on our side. */
const OPEN_CONNECTIONS = 64;

const { tokensFile } = readSetup<{ tokensFile: string }>();
let authorizations: readonly string[] = [];
let readAt = 0;

/** They are made anew while a long bench runs. */
async function readTokens(): Promise<void> {
  const { mtimeMs } = await stat(tokensFile);
  if (mtimeMs === readAt) return;
  authorizations = (JSON.parse(await readFile(tokensFile, 'utf8')) as string[]).map((token) => `Bearer ${token}`);
  readAt = mtimeMs;
}

/**
 * Milliseconds, between requests of clients that know nothing of each other (a Poisson process). Of two even paces, each request of
 * the slower one would meet one of the other.
 */
const untilTheNext = (perSecond: number): number => (-Math.log(1 - Math.random()) * 1_000) / perSecond;

interface Lane {
  readonly dispatcher: Dispatcher;
  readonly path: string;
}

async function generateLoad({ urls, bodies, tokens, answerBytes, pace, durationMs }: LoadOrder): Promise<LoadResult> {
  await readTokens();
  const latencies = createHistogram(); // in microseconds
  const buffers = bodies.map((body) => Buffer.from(body));
  const targets = urls.map((url) => new URL(url));
  const lanes: readonly Lane[] =
    pace.kind === 'closed'
      ? Array.from({ length: pace.connections }, (_, at) => {
          const { origin, pathname } = targets[at % targets.length]!;
          return { dispatcher: new Client(origin, { pipelining: 1 }), path: pathname };
        })
      : targets.map(({ origin, pathname }) => {
          return { dispatcher: new Pool(origin, { pipelining: 1, connections: OPEN_CONNECTIONS }), path: pathname };
        });
  let sent = 0;
  let completed = 0;
  let failed = 0;
  let failure: string | null = null;

  async function send({ dispatcher, path }: Lane): Promise<void> {
    const at = sent++;
    const body = at % buffers.length;
    const authorization = tokens > 0 ? authorizations[at % tokens]! : null;
    const began = performance.now();
    const { status, bytes, error } = await exchange(dispatcher, path, buffers[body]!, authorization);
    const { least, most } = answerBytes?.[body] ?? { least: bytes, most: bytes };
    if (error === null && status === 200 && bytes >= least && bytes <= most) {
      completed++;
      latencies.record(Math.max(1, Math.round((performance.now() - began) * 1_000)));
    } else {
      failed++;
      failure ??= error?.message ?? `status ${status}, ${bytes} bytes instead of ${least} to ${most}`;
    }
  }

  const started = performance.now();
  const isOver = () => performance.now() - started >= durationMs;
  if (pace.kind === 'closed') {
    await Promise.all(
      lanes.map(async (lane) => {
        while (!isOver()) await send(lane);
      }),
    );
  } else {
    const underWay: Promise<void>[] = [];
    let due = untilTheNext(pace.perSecond);
    while (!isOver()) {
      const early = due - (performance.now() - started);
      if (early > 0) {
        await wait(early);
        continue;
      }
      underWay.push(send(lanes[sent % lanes.length]!));
      due += untilTheNext(pace.perSecond);
    }
    await Promise.all(underWay);
  }
  const elapsedMs = performance.now() - started;
  await Promise.all(lanes.map(({ dispatcher }) => dispatcher.close()));
  return {
    completed,
    failed,
    failure,
    elapsedMs,
    p50Ms: latencies.percentile(50) / 1_000,
    p99Ms: latencies.percentile(99) / 1_000,
  };
}

answerOrders(generateLoad);
reportReady(null);
