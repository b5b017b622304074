import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { jobMetrics, serveMetrics, tenantWork, type ServedMetrics } from '@inevitable/kit/host';
import { defineJob, defineSubgraph, type JobDefinition } from '@inevitable/kit';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { z } from 'zod';
import { until } from '../support/test-stack.js';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
beforeAll(() => void trace.setGlobalTracerProvider(provider));
afterAll(() => trace.disable());

const seen: (string | null)[] = [];
const measured = defineJob({
  name: 'starter.measured',
  payload: z.object({ fails: z.boolean() }),
  retry: { attempts: 2, backoff: 'fixed', firstMs: 1 },
  run({ payload, context, attempt }) {
    seen.push(context.trace);
    return payload.fails ? Promise.reject(new Error(`attempt ${attempt} failed`)) : Promise.resolve();
  },
});

let product: TestSubgraph | null = null;
let metrics: ServedMetrics | null = null;
afterEach(async () => {
  await product?.close();
  await metrics?.close();
  product = metrics = null;
  seen.length = 0;
  exporter.reset();
});

async function enqueue(to: TestSubgraph, traceparent: string | null, fails: boolean): Promise<string> {
  const context = { ...to.as({ tenant: 'acme' }).context, trace: traceparent };
  return to.database.transaction(context.tenant!.id, (handle) =>
    tenantWork(handle, context, []).jobs.enqueue(measured as JobDefinition<{ fails: boolean }, never>, { fails }),
  );
}

describe('A run of a job', () => {
  it('is a span of its own, linked to the request that enqueued it, and what it calls goes on with that span', async () => {
    product = await testSubgraph(defineSubgraph({ ...starter, jobs: [measured] as never }));
    const id = await enqueue(product, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', false);
    await product.jobs.settled(measured.name);
    await until('the span has ended', () => Promise.resolve(exporter.getFinishedSpans().length === 1));
    const [span] = exporter.getFinishedSpans();
    expect(span!.name).toBe('job starter.measured');
    expect(span!.parentSpanContext).toBeUndefined();
    expect(span!.links).toMatchObject([
      { context: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' } },
    ]);
    expect(span!.attributes).toMatchObject({ 'messaging.message.id': id, 'stack.job.attempt': 1 });
    const { traceId, spanId } = span!.spanContext();
    expect(seen).toEqual([`00-${traceId}-${spanId}-01`]);
  });

  it('that fails is a span that says so and not why, each attempt one', async () => {
    product = await testSubgraph(defineSubgraph({ ...starter, jobs: [measured] as never }));
    await enqueue(product, null, true);
    await product.jobs.settled(measured.name);
    await until('both spans have ended', () => Promise.resolve(exporter.getFinishedSpans().length === 2));
    const told = exporter.getFinishedSpans().map(({ status, attributes, events, links }) => ({
      status,
      type: attributes['error.type'],
      events,
      links,
    }));
    expect(told).toEqual([
      { status: { code: SpanStatusCode.ERROR }, type: 'Error', events: [], links: [] },
      { status: { code: SpanStatusCode.ERROR }, type: 'Error', events: [], links: [] },
    ]);
  });
});

describe('GET /metrics', () => {
  it('tells of runs by outcome, of delays and durations, and of what waits in the store', async () => {
    metrics = await serveMetrics({ host: '127.0.0.1', port: 0 });
    const observer = jobMetrics(metrics.registry, () => product!.jobs.measured);
    product = await testSubgraph(defineSubgraph({ ...starter, jobs: [measured] as never }), { observer });
    await enqueue(product, null, false);
    await enqueue(product, null, true);
    await product.jobs.settled(measured.name);
    const lines = (await (await fetch(`${metrics.url}/metrics`)).text()).split('\n');
    const job = 'product="starter",definition="starter.measured"';
    expect(lines).toEqual(
      expect.arrayContaining([
        `stack_job_runs_total{${job},outcome="succeeded"} 1`,
        `stack_job_runs_total{${job},outcome="failed"} 1`,
        `stack_job_runs_total{${job},outcome="dead"} 1`,
        `stack_job_start_delay_seconds_count{${job}} 3`,
        `stack_job_duration_seconds_count{${job}} 3`,
        'stack_jobs{product="starter",state="dead"} 1',
        'stack_job_leases_lost_total 0',
        'stack_job_running 0',
      ]),
    );
    expect(lines.filter((line) => /acme|tenant/.test(line))).toEqual([]);
    expect((await fetch(`${metrics.url}/`)).status).toBe(404);
  });
});
