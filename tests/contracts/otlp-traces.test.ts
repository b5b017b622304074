import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import type { SpanMade } from '@inevitable/gateway';
import { pino } from 'pino';
import { Closers } from '../../scripts/parts/closers.js';
import { samplesByShare } from '../../scripts/parts/otlp-traces.js';
import { openTraces, type Traces } from '../../scripts/parts/traces.js';
import { readSettings } from '../../scripts/settings/settings.js';
import { startCollector, type Collector } from '../support/collector.js';

let collector: Collector;
let closers: Closers;
const logged: Record<string, unknown>[] = [];
const log = pino({ base: null, timestamp: false }, { write: (line) => void logged.push(JSON.parse(line)) });

/** Time passes when a test says so; the sockets are real. */
beforeEach(async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  [collector, closers] = [await startCollector(), new Closers()];
  logged.length = 0;
});
afterEach(async () => {
  collector.behaviour = 200;
  await closers.closeAll();
  await collector.close();
  jest.useRealTimers();
});

const open = (env: Record<string, string> = {}): Promise<Traces | null> =>
  openTraces(
    readSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env }, process.cwd()),
    'inevitable-gateway',
    closers,
    log,
  );

const TRACE = '0af7651916cd43dd8448eb211c80319c';
let made = 0;
const span = (changes: Partial<SpanMade> = {}): SpanMade => ({
  name: 'query Inbox',
  kind: 'server',
  traceId: TRACE,
  spanId: (++made).toString(16).padStart(16, '0'),
  parentId: null,
  startMs: 1_700_000_000_123.5,
  durationMs: 12.25,
  attributes: {},
  isError: false,
  ...changes,
});

/** Lets time pass until `seen`, which takes as many turns as sockets need. */
async function passUntil(seen: () => boolean): Promise<void> {
  while (!seen()) {
    await turn();
    await jest.advanceTimersByTimeAsync(50);
  }
}

describe('Without a collector', () => {
  it('nothing is recorded, and no span is made', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_TRACES_SAMPLER_ARG: '1' };
    expect(await open(env)).toBeNull();
    expect(await open({ OTEL_SDK_DISABLED: 'true' })).toBeNull();
    expect(trace.getTracer('a product').startSpan('its own').isRecording()).toBe(false);
  });
});

describe('Spans of a process', () => {
  it('arrive as they were told of, those of a product beside them, and the last ones before it ends', async () => {
    const traces = await open({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/otlp/in`,
      OTEL_SERVICE_NAME: 'ours',
      OTEL_RESOURCE_ATTRIBUTES: 'cloud.region=eu%2C1,service.version=9',
    });
    traces!.record(span({ parentId: 'b7ad6b7169203331', attributes: { a: 'text', b: 1, c: true }, isError: true }));
    const tracer = trace.getTracer('a product');
    tracer.startSpan('its own', { attributes: { long: 'x'.repeat(1_000) } }).end();
    await closers.closeAll();
    expect(collector.requests.map(({ path }) => path)).toEqual(['/otlp/in']);
    const resource = { 'service.name': 'ours', 'cloud.region': 'eu,1', 'service.version': '9' };
    expect(collector.spans).toMatchObject([
      {
        traceId: TRACE,
        parentId: 'b7ad6b7169203331',
        name: 'query Inbox',
        kind: 'SERVER',
        startNano: 1_700_000_000_123_500_000n,
        endNano: 1_700_000_000_135_750_000n,
        attributes: { a: 'text', b: 1, c: true },
        isError: true,
        resource,
      },
      { name: 'its own', kind: 'INTERNAL', attributes: { long: 'x'.repeat(256) }, resource },
    ]);
  });

  it.each([
    [0, ['below one that is', 'linked to one that is']],
    [1, ['below one that is', 'linked to one that is', 'by itself']],
  ])('are recorded as what began their trace was; what nobody began, by its share: %d', async (share, names) => {
    await open({ OTEL_TRACES_SAMPLER_ARG: String(share) });
    const tracer = trace.getTracer('a product');
    for (const [flags, what] of [
      [1, 'one that is'],
      [0, 'one that is not'],
    ] as const) {
      const context = { traceId: TRACE, spanId: 'b7ad6b7169203331', traceFlags: flags, isRemote: true };
      tracer.startSpan(`below ${what}`, { kind: SpanKind.SERVER }, trace.setSpanContext(ROOT_CONTEXT, context)).end();
      tracer.startSpan(`linked to ${what}`, { root: true, links: [{ context }] }).end();
    }
    tracer.startSpan('by itself').end();
    await closers.closeAll();
    expect(collector.spans.map(({ name }) => name)).toEqual(names);
  });
});

describe('The share of requests that are recorded', () => {
  const ids = Array.from({ length: 20_000 }, (_, index) => (index + 1).toString(16).padStart(32, '0'));
  const shareOf = (samples: (id: string) => boolean): number => ids.filter(samples).length / ids.length;

  it('is none at 0, all at 1, and as many as it says between, however ids are made', () => {
    expect([0, 1].map((ratio) => shareOf(samplesByShare(ratio)))).toEqual([0, 1]);
    expect(shareOf(samplesByShare(0.25))).toBeGreaterThan(0.22);
    expect(shareOf(samplesByShare(0.25))).toBeLessThan(0.28);
  });

  it('is decided alike for all of a trace, and nobody outside knows for which', () => {
    const [one, other] = [samplesByShare(0.5), samplesByShare(0.5)];
    expect(ids.map(one)).toEqual(ids.map(one));
    expect(ids.map(one)).not.toEqual(ids.map(other));
  });
});

describe('A collector', () => {
  it.each([
    ['refuses', 500, 'it answered 500'],
    ['has too much to do', 503, expect.stringContaining('retryable')],
    ['does not answer', 'hangs', expect.stringMatching(/time/i)],
  ] as const)('that %s is told of once, and once more when it works again', async (_what, behaviour, reason) => {
    const traces = await open({ OTEL_EXPORTER_OTLP_TIMEOUT: '200' });
    collector.behaviour = behaviour;
    traces!.record(span());
    await passUntil(() => logged.length > 0);
    const requests = collector.requests.length;
    traces!.record(span());
    await passUntil(() => collector.requests.length > requests);
    await passUntil(() => collector.requests.length > requests);
    collector.behaviour = 200;
    await passUntil(() => {
      if (logged.length < 2) traces!.record(span({ name: 'after it' }));
      return collector.spans.some(({ name }) => name === 'after it');
    });
    await passUntil(() => logged.length > 1);
    expect(logged).toEqual([
      { level: 40, collector: collector.url, reason, msg: 'spans cannot be sent; what is recorded is lost' },
      { level: 40, collector: collector.url, lost: expect.any(Number), msg: 'spans are sent again' },
    ]);
  });

  it('that is away costs no more memory than so many spans, and the newest are lost', async () => {
    const traces = await open({ OTEL_EXPORTER_OTLP_TIMEOUT: '200' });
    collector.behaviour = 'hangs';
    for (let index = 0; index < 10_000; index++) traces!.record(span({ name: String(index) }));
    await passUntil(() => collector.requests.length > 0);
    collector.behaviour = 200;
    await passUntil(() => logged.length > 0);
    await closers.closeAll();
    const names = collector.spans.map(({ name }) => Number(name));
    expect(names.length).toBeLessThanOrEqual(4_096);
    expect(Math.max(...names)).toBeLessThan(5_000);
  });

  it.each(['hangs', 500, 503] as const)('holds up the end of a process for 3 s at most: %s', async (behaviour) => {
    const traces = await open();
    collector.behaviour = behaviour;
    for (let index = 0; index < 2_000; index++) traces!.record(span());
    const begun = Date.now();
    let failed: readonly string[] | null = null;
    void closers.closeAll().then((names) => (failed = names));
    await passUntil(() => failed !== null);
    expect(failed).toEqual([]);
    expect(Date.now() - begun).toBeLessThanOrEqual(3_000 + 50);
  });

  it('that nobody listens for is told of without what could be a secret', async () => {
    const traces = await open({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1/secret-path',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20secret',
      OTEL_EXPORTER_OTLP_TIMEOUT: '200',
    });
    traces!.record(span());
    await passUntil(() => logged.length > 0);
    expect(logged).toEqual([
      expect.objectContaining({ collector: 'http://127.0.0.1:1', reason: expect.stringContaining('ECONNREFUSED') }),
    ]);
    expect(JSON.stringify(logged)).not.toContain('secret');
  });
});
