import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Conflict, type StackEvent } from '@inevitable/contract';
import { defineSubgraph } from '@inevitable/kit';
import { hostSubgraph, type HostedSubgraph } from '@inevitable/kit/host';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { pino } from 'pino';
import { until } from '../support/test-stack.js';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const [TRACE, PARENT] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];

const seen: (string | null)[] = [];
const withRoutes = defineSubgraph({
  ...starter,
  routes: {
    'GET /starter/seen/:id': (_request, { trace: told }) => {
      seen.push(told);
      return new Response(null, { status: 204 });
    },
    'GET /starter/taken': () => Promise.reject(new Conflict('taken by ada@acme.test')),
    'GET /starter/broken': () => Promise.reject(new Error('password=hunter2')),
  },
});

let product: TestSubgraph;
let hosted: HostedSubgraph;
beforeAll(async () => {
  trace.setGlobalTracerProvider(provider);
  product = await testSubgraph(starter);
  const log = pino({ level: 'silent' });
  hosted = hostSubgraph(withRoutes, { database: product.database, entitlements: {} as never, events: null, log });
});
afterAll(async () => {
  trace.disable();
  await product.close();
});
beforeEach(() => {
  exporter.reset();
  seen.length = 0;
});

const asked = (flags = '01') => ({
  ...product.as({ tenant: 'acme' }).context,
  trace: `00-${TRACE}-${PARENT}-${flags}`,
});
const get = (path: string, flags?: string) => hosted.fetch(new Request(`http://starter${path}`), asked(flags));
const told = () =>
  exporter.getFinishedSpans().filter(({ instrumentationScope }) => instrumentationScope.name === 'inevitable-subgraph');

describe("A request to a product's route", () => {
  it('is a span by its pattern, below the one that asked, and what it does belongs to it', async () => {
    await get('/starter/seen/of-somebody?token=hunter2');
    const [span] = told();
    const { traceId, spanId } = span!.spanContext();
    expect(span).toMatchObject({
      name: 'GET /starter/seen/:id',
      kind: SpanKind.SERVER,
      parentSpanContext: { traceId: TRACE, spanId: PARENT },
      attributes: { 'http.request.method': 'GET', 'http.route': '/starter/seen/:id', 'http.response.status_code': 204 },
    });
    expect(seen).toEqual([`00-${TRACE}-${spanId}-01`]);
    expect(traceId).toBe(TRACE);
    expect(JSON.stringify(span!.attributes)).not.toMatch(/of-somebody|hunter2/);
  });

  it.each([
    ['/starter/taken', 'CONFLICT', SpanStatusCode.UNSET],
    ['/starter/broken', 'INTERNAL', SpanStatusCode.ERROR],
  ])('that fails says with which code, and not why: %s', async (path, type, code) => {
    await get(path);
    expect(told()).toMatchObject([{ status: { code }, attributes: { 'error.type': type }, events: [] }]);
    expect(told()[0]!.status).toEqual({ code });
  });

  it('is none where its trace is not recorded, and goes on with what it was given', async () => {
    await get('/starter/seen/1', '00');
    expect(told()).toEqual([]);
    expect(seen).toEqual([`00-${TRACE}-${PARENT}-00`]);
  });
});

describe('A mutation', () => {
  it('is a span with one of its field, and its event and its job name it', async () => {
    const events: StackEvent[] = [];
    const end = product.events.subscribe('starter.note.changed.v1', (event) => void events.push(event));
    const { data } = await hosted.execute({ query: 'mutation { createNote(input: { text: "a b" }) { id } }' }, asked());
    expect(data).toEqual({ createNote: { id: expect.any(String) } });
    const [field, operation] = told();
    expect([field!.name, operation!.name]).toEqual(['Mutation.createNote', 'mutation starter']);
    const { spanId } = operation!.spanContext();
    expect(field!.parentSpanContext!.spanId).toBe(spanId);
    expect(operation!.parentSpanContext).toMatchObject({ traceId: TRACE, spanId: PARENT });
    await until('the event was heard', () => Promise.resolve(events.length > 0));
    end();
    expect(events[0]!.trace).toBe(`00-${TRACE}-${spanId}-01`);
    const runs = () => exporter.getFinishedSpans().filter(({ name }) => name === 'job starter.count-words');
    await until('the job has run', () => Promise.resolve(runs().length > 0));
    expect(runs()[0]!.links).toMatchObject([{ context: { traceId: TRACE, spanId } }]);
  });
});
