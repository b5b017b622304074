import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anonymousContext, Conflict, type RequestContext } from '@inevitable/contract';
import { defineSubgraph } from '@inevitable/kit';
import {
  hostSubgraph,
  outboxMetrics,
  productMetrics,
  readinessMetrics,
  serveMetrics,
  serveSubgraph,
  type HostedSubgraph,
  type ServedMetrics,
} from '@inevitable/kit/host';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import { pino } from 'pino';
import { until } from '../support/test-stack.js';

const log = pino({ level: 'silent' });
const withRoutes = defineSubgraph({
  ...starter,
  routes: {
    'GET /starter/fine': () => new Response('fine'),
    'GET /starter/taken': () => Promise.reject(new Conflict('taken')),
    'GET /starter/broken': () => new Response(null, { status: 500 }),
  },
});

/** As the product's worker finds it. */
let identity: 'well' | 'away' | 'refuses' = 'well';
let metrics: ServedMetrics;
let product: TestSubgraph;
let hosted: HostedSubgraph;
let acme: RequestContext;
beforeAll(async () => {
  metrics = await serveMetrics({ host: '127.0.0.1', port: 0 });
  product = await testSubgraph(starter, {
    audit: {
      append(records) {
        if (identity === 'away') return Promise.reject(new Error('identity is away'));
        return Promise.resolve(identity === 'refuses' ? records.map(({ id }) => ({ id, why: 'malformed' })) : []);
      },
    },
  });
  acme = product.as({ tenant: 'acme' }).context;
  const observer = productMetrics(metrics.registry);
  const { database } = product;
  hosted = hostSubgraph(withRoutes, { database, entitlements: {} as never, events: null, observer, log });
});
afterAll(async () => {
  await product.close();
  await metrics.close();
});

/** What Prometheus reads of the stack's own metrics; without buckets. */
const lines = async (): Promise<readonly string[]> =>
  (await (await fetch(`${metrics.url}/metrics`)).text())
    .split('\n')
    .filter((line) => line.startsWith('stack_') && !line.includes('_bucket') && !line.includes('seconds_sum'));

describe('What a product answers', () => {
  it('is counted by what was asked and what came of it: in this process, apart, and by its routes', async () => {
    await hosted.execute({ query: '{ notes(first: 1) { nodes { id } } }' }, acme);
    await hosted.execute({ query: 'mutation { createNote(input: { text: "" }) { id } }' }, acme);
    for (const path of ['fine', 'taken', 'broken', 'nowhere'])
      await hosted.fetch(new Request(`http://starter/starter/${path}`), acme);
    const apart = await serveSubgraph(hosted, {
      host: '127.0.0.1',
      port: 0,
      checks: {},
      verifyContext: (_token, facts) =>
        Promise.resolve({ ...anonymousContext({ ...facts, deployment: 'internal' }), ...acme }),
      log,
    });
    for (const query of ['mutation { createNote(input: { text: "of Acme" }) { id } }', '{ nonsense }'])
      await fetch(`${apart.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      }).then((response) => response.text());
    await apart.close();
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'stack_product_operations_total{product="starter",type="query",outcome="answered"} 1',
        'stack_product_operations_total{product="starter",type="query",outcome="errors"} 1',
        'stack_product_operations_total{product="starter",type="mutation",outcome="answered"} 1',
        'stack_product_operations_total{product="starter",type="mutation",outcome="errors"} 1',
        'stack_product_operations_total{product="starter",type="route",outcome="answered"} 1',
        'stack_product_operations_total{product="starter",type="route",outcome="errors"} 1',
        'stack_product_operations_total{product="starter",type="route",outcome="failed"} 1',
        'stack_product_operation_duration_seconds_count{product="starter"} 7',
        expect.stringMatching(/^stack_database_connections\{product="starter",state="used"\} \d$/),
        'stack_database_waiting{product="starter"} 0',
      ]),
    );
  });
});

describe('What waits in an outbox', () => {
  it('is told with its age and with what failed of it, and is gone when it was handed over or set aside', async () => {
    outboxMetrics(metrics.registry, product.jobs.outboxes);
    const told = async (name: string): Promise<number> => {
      const line = (await lines()).find((one) => one.startsWith(`stack_outbox_${name}{product="starter"}`));
      return Number(line?.split(' ').at(-1));
    };
    await product.audit.settled(); // what the test before left would be held back as well, and count
    identity = 'away';
    await hosted.execute({ query: 'mutation { createNote(input: { text: "waits" }) { id } }' }, acme);
    await product.clock.advance({ seconds: 90 });
    await until('the audit could not be told', async () => (await told('relay_failures_total')) > 0);
    await until('its job and its event were handed over', async () => (await told('unsent')) === 1);
    expect(await told('oldest_unsent_seconds')).toBeGreaterThanOrEqual(90);
    expect(await told('refused_total')).toBe(0);
    identity = 'refuses';
    await until('the record was set aside', async () => (await told('unsent')) === 0);
    expect(await told('oldest_unsent_seconds')).toBe(0);
    expect(await told('refused_total')).toBe(1);
    await product.jobs.stop();
    expect(await told('refused_total')).toBe(1); // what was told last stands
  });
});

describe('What a process needs', () => {
  it('is told part by part, as it is ready or not', async () => {
    let isReady = false;
    readinessMetrics(metrics.registry, async () => ({
      status: isReady ? 'ready' : 'not ready',
      parts: [
        { name: 'job store', ready: true, reason: null },
        { name: 'worker', ready: isReady, reason: isReady ? null : 'it is starting' },
      ],
    }));
    const told = async () => (await lines()).filter((line) => line.startsWith('stack_ready'));
    expect(await told()).toEqual(['stack_ready{component="job store"} 1', 'stack_ready{component="worker"} 0']);
    isReady = true;
    expect(await told()).toContain('stack_ready{component="worker"} 1');
  });
});
