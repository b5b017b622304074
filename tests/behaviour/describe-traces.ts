import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Collector, ReceivedSpan } from '../support/collector.js';
import { DEMO_PASSWORD, until, type Session, type TestStack } from '../support/test-stack.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CLIENT_SPAN = '00f067aa0ba902b7';
/** In a variable, and in a literal. */
const [WRITTEN, ASKED] = ['words-for-nobody-elses-eyes', '018f0000-cafe-7000-8000-00000badcafe'];

const WRITE = `mutation WriteOne($text: String!) { createNote(input: { text: $text }) { id createdBy { email } } }`;

export function describeTraces(running: () => TestStack, receiving: () => Collector): void {
  let stack: TestStack;
  let collector: Collector;
  let ada: Session;
  beforeAll(async () => {
    [stack, collector] = [running(), receiving()];
    ada = await stack.signIn('ada@acme.test');
  });

  const ask = (query: string, variables: Record<string, unknown>, traceId: string, flags = '01') =>
    stack.query(query, variables, {
      authorization: `Bearer ${ada.accessToken}`,
      traceparent: `00-${traceId}-${CLIENT_SPAN}-${flags}`,
    });
  const of = (traceId: string): ReceivedSpan[] => collector.spans.filter((span) => span.traceId === traceId);
  async function received(traceId: string, count: number): Promise<ReceivedSpan[]> {
    await until(`${count} spans of ${traceId} have come`, () => Promise.resolve(of(traceId).length >= count));
    return of(traceId);
  }
  const service = (part: string): string => (stack.mode === 'one-process' ? 'inevitable-stack' : `inevitable-${part}`);

  describe('Traces by OTLP', () => {
    it('show a request as one tree, from its client over the gateway into each subgraph and its fields', async () => {
      const { body } = await ask(WRITE, { text: WRITTEN }, TRACE, '00'); // the client's flag decides nothing
      expect(body).toEqual({ data: { createNote: { id: expect.any(String), createdBy: { email: 'ada@acme.test' } } } });
      const tree = {
        'mutation WriteOne': ['SERVER', service('gateway'), CLIENT_SPAN],
        plan: ['INTERNAL', service('gateway'), 'mutation WriteOne'],
        'subgraph starter': ['CLIENT', service('gateway'), 'mutation WriteOne'],
        'mutation starter': ['SERVER', service('starter'), 'subgraph starter'],
        'Mutation.createNote': ['INTERNAL', service('starter'), 'mutation starter'],
        'subgraph identity': ['CLIENT', service('gateway'), 'mutation WriteOne'],
        'query identity': ['SERVER', service('identity'), 'subgraph identity'],
        'Query._entities': ['INTERNAL', service('identity'), 'query identity'],
      };
      const spans = await received(TRACE, Object.keys(tree).length);
      const nameOf = (id: string): string => spans.find(({ spanId }) => spanId === id)?.name ?? id;
      const seen = spans.map((span) => [span.name, [span.kind, span.resource['service.name'], nameOf(span.parentId)]]);
      expect(seen).toHaveLength(Object.keys(tree).length);
      expect(Object.fromEntries(seen)).toEqual(tree);
      expect(spans.find(({ name }) => name === 'mutation WriteOne')!.attributes).toMatchObject({
        'http.request.method': 'POST',
        'http.response.status_code': 200,
        'url.path': '/graphql',
        'graphql.operation.type': 'mutation',
        'graphql.operation.name': 'WriteOne',
        'graphql.document.hash': expect.stringMatching(/^[0-9a-f]{64}$/),
        'stack.request.id': TRACE,
        'stack.outcome': 'answered',
        'stack.tenant.id': expect.any(String),
      });
      for (const span of spans) expect(span.startNano <= span.endNano && span.startNano > 0n).toBe(true);
    });

    it('link the run of a job to the span that enqueued it, and what failed says only with which code', async () => {
      const enqueued = of(TRACE).find(({ name }) => name === 'mutation starter')!;
      const runs = () => collector.spans.filter(({ links }) => links.some(({ spanId }) => spanId === enqueued.spanId));
      await until('the run has come', () => Promise.resolve(runs().length > 0));
      expect(runs()[0]).toMatchObject({
        name: 'job starter.count-words',
        kind: 'CONSUMER',
        parentId: '',
        links: [{ traceId: TRACE, spanId: enqueued.spanId }],
        attributes: { 'messaging.message.conversation_id': TRACE },
        resource: { 'service.name': service('worker') },
        isError: false,
      });

      const missed = TRACE.replace('4bf', '5bf');
      const { body } = await ask(`{ note(id: "${ASKED}") { text } }`, {}, missed);
      expect(body.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
      const codes = (await received(missed, 5)).map(({ name, attributes }) => [name, attributes['error.type']]);
      expect(Object.fromEntries(codes)).toEqual({
        query: 'NOT_FOUND',
        plan: undefined,
        'subgraph starter': undefined,
        'query starter': 'NOT_FOUND',
        'Query.note': 'NOT_FOUND',
      });
      expect(of(missed).filter(({ isError }) => isError)).toEqual([]); // it is the caller's mistake
    });

    it('come from each process with its own resource, and with the headers that were configured', async () => {
      const wide = TRACE.replace('4bf', '6bf');
      await ask(
        '{ jobs(first: 1) { nodes { id } } viewer { tenant { platforms(first: 1) { nodes { id } } } } }',
        {},
        wide,
      );
      const parts = ['gateway', 'identity', 'operations', 'starter', 'platformforge', 'worker'].map(service);
      const seen = () => new Set(collector.spans.map(({ resource }) => resource['service.name']));
      await until('spans of every process have come', () => Promise.resolve(parts.every((part) => seen().has(part))));
      expect([...seen()].sort()).toEqual([...new Set(parts)].sort());
      for (const { resource } of collector.spans)
        expect(resource).toEqual({
          'service.name': expect.any(String),
          'service.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
          'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
          'deployment.environment.name': 'tests of behaviour',
        });
      for (const { path, headers } of collector.requests) {
        expect(path).toBe('/v1/traces');
        expect(headers).toMatchObject({
          'content-type': 'application/x-protobuf',
          'content-encoding': 'gzip',
          'x-collector-key': 'for the collector, alone',
        });
      }
    });

    it('hold nothing that somebody wrote: no value, no address, no password, no token', () => {
      const text = collector.text();
      for (const secret of [
        WRITTEN,
        ASKED,
        DEMO_PASSWORD,
        ada.accessToken,
        '@',
        'eyJ',
        '127.0.0.1',
        'for the collector',
      ])
        expect(text.includes(secret) ? text.slice(text.indexOf(secret) - 200, text.indexOf(secret) + 40) : '').toBe('');
    });

    it('are told of nowhere else: no process writes the headers into its log', () => {
      for (const { output } of stack.processes) expect(output()).not.toContain('for the collector');
    });
  });
}
