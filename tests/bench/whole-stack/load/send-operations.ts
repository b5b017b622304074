import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { Agent, setGlobalDispatcher } from 'undici';
import { ask } from '../../measure/ask.js';
import { answerOrders, readSetup, reportReady } from '../../processes/as-child.js';
import { anyOperation, bodyOf, MIXED_NAMES, type Caller, type MixedName } from '../mix.js';
import { arrivals, randomFrom } from './arrivals.js';
import type { Latencies, RateResult, SenderOrder } from './rate-order.js';

/** Kept open. More than the stack works on at once, so that requests wait there and not here. */
const CONNECTIONS = 256;
const GIVE_UP_MS = 30_000;

const { url } = readSetup<{ url: string }>();
setGlobalDispatcher(new Agent({ connections: CONNECTIONS, headersTimeout: GIVE_UP_MS, bodyTimeout: GIVE_UP_MS }));
const random = randomFrom(1);
let callers: readonly Caller[] = [];

async function send(perSecond: number, durationMs: number): Promise<RateResult> {
  const histograms = Object.fromEntries(MIXED_NAMES.map((name) => [name, createHistogram()])) as Record<
    MixedName,
    RecordableHistogram
  >; // in microseconds, as the two below
  const all = createHistogram();
  const late = createHistogram();
  let [answeredInTime, failed] = [0, 0];
  let failure: string | null = null;
  const underWay: Promise<void>[] = [];
  const started = performance.now();

  async function sendOne(dueMs: number): Promise<void> {
    const caller = callers[Math.floor(random() * callers.length)]!;
    const name = anyOperation(random);
    const body = bodyOf(name, caller, random);
    const sentMs = performance.now() - started;
    late.record(microseconds(sentMs - dueMs));
    try {
      await ask(url, body, caller.token);
    } catch (error) {
      failed++;
      failure ??= `${name}: ${(error as Error).message}`;
      return;
    }
    const answeredMs = performance.now() - started;
    if (answeredMs <= durationMs) answeredInTime++;
    const tookUs = microseconds(answeredMs - Math.min(dueMs, sentMs));
    all.record(tookUs);
    histograms[name].record(tookUs);
  }

  for (const dueMs of arrivals(perSecond, durationMs, random)) {
    const aheadMs = dueMs - (performance.now() - started);
    if (aheadMs >= 1) await wait(Math.floor(aheadMs)); // less than what a timer can do is sent early
    underWay.push(sendOne(dueMs));
  }
  await Promise.all(underWay);
  return {
    sent: underWay.length,
    answeredInTime,
    failed,
    failure,
    all: latenciesIn(all),
    byOperation: Object.fromEntries(
      MIXED_NAMES.map((name) => [name, latenciesIn(histograms[name])] as const),
    ) as RateResult['byOperation'],
    sentLateP99Ms: late.percentile(99) / 1_000,
  };
}

/** A histogram takes no less than one. */
const microseconds = (ms: number): number => Math.max(1, Math.round(ms * 1_000));

const latenciesIn = (histogram: RecordableHistogram): Latencies => ({
  count: histogram.count,
  p50Ms: histogram.percentile(50) / 1_000,
  p95Ms: histogram.percentile(95) / 1_000,
  p99Ms: histogram.percentile(99) / 1_000,
});

answerOrders(async (order: SenderOrder): Promise<RateResult | null> => {
  if (order.kind === 'send') return send(order.perSecond, order.durationMs);
  ({ callers } = order);
  return null;
});
reportReady(null);
