import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { anonymousContext, type RequestContext } from '@inevitable/contract';
import fc from 'fast-check';
import { pino } from 'pino';
import type { FetchMade } from '../executor/run-plan.js';
import type { OperationSeen } from '../extensions/gateway-extension.js';
import type { RequestSeen } from '../extensions/request-seen.js';
import { traceContext } from '../routing/trace-context.js';
import { requestLog, type RequestLogMode } from './request-line.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const nobody = anonymousContext({} as RequestContext);
const trace = traceContext(undefined, null);
const operation = {
  operationName: 'Cart',
  definition: { operation: 'query' },
  hash: 'f00d',
  cost: 7,
  variables: { card: 'canary' },
  header: (name: string) =>
    ({ 'apollographql-client-name': 'web\u001b[2J', 'apollographql-client-version': '1.4' })[name],
} as unknown as OperationSeen;
const fetched = (subgraph: string, changes: Partial<FetchMade> = {}) =>
  ({ subgraph, durationMs: 4.04, shared: false, failed: false, ...changes }) as FetchMade;
const plain: RequestSeen = {
  route: 'graphql',
  product: null,
  method: 'POST',
  requestId: trace.traceId,
  trace,
  startedAt: 0,
  durationMs: 12.34,
  outcome: 'answered',
  status: 200,
  codes: [],
  responseBytes: 512,
  payloads: 0,
  context: { ...nobody, tenant: { id: 'acme', plan: 'pro', entitlementsDigest: '' } } as unknown as RequestContext,
  operation,
  planKnown: true,
  planningAfterMs: 1,
  fetches: [fetched('carts'), fetched('items'), fetched('items', { failed: true }), fetched('items', { shared: true })],
  fetchingAfterMs: 2,
};

/** Lines of what ended, without what is the same in each. */
function logging(mode: RequestLogMode, level = 'warn') {
  const lines: Record<string, unknown>[] = [];
  const write = (text: string): void => {
    const { time, ...line } = JSON.parse(text) as Record<string, unknown>;
    expect(time).toEqual(expect.any(Number));
    lines.push(line);
  };
  const extension = requestLog(pino({ level, base: { part: 'gateway' } }, { write }), mode);
  return { lines, ended: (request: Partial<RequestSeen> = {}) => extension.onRequestEnd!({ ...plain, ...request }) };
}

describe('A line of the log', () => {
  it('tells of each request what it asked for, for whom, and what that took, whatever the level of the log is', () => {
    const { lines, ended } = logging('all', 'error');
    ended();
    expect(lines).toEqual([
      {
        level: 30,
        part: 'gateway',
        request: true,
        msg: 'request',
        traceId: trace.traceId,
        route: 'graphql',
        method: 'POST',
        status: 200,
        outcome: 'answered',
        durationMs: 12.3,
        operation: { name: 'Cart', type: 'query', hash: 'f00d' },
        client: { name: 'web2J', version: '1.4' },
        tenantId: 'acme',
        caller: 'anonymous',
        cost: 7,
        plan: 'known',
        subgraphs: {
          carts: { fetches: 1, ms: 4, failed: 0, shared: 0 },
          items: { fetches: 3, ms: 12.1, failed: 1, shared: 1 },
        },
        bytes: 512,
      },
    ]);
  });

  it('tells how long it took to a tenth of a millisecond, also of a subscription that lasted for months', () => {
    const { lines, ended } = logging('all');
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e11, noNaN: true }), (durationMs) => {
        ended({ durationMs });
        expect(Math.abs((lines.pop()!['durationMs'] as number) - durationMs)).toBeLessThan(0.0501);
      }),
      { examples: [[0.04], [0.05], [9.96], [2e8], [2e8 + 1], [214_748_364.8]] },
    );
  });

  it('has the name that the client was promised, where that is not its trace, and no more than is known', () => {
    const { lines, ended } = logging('all');
    const unknown = { operation: null, context: null, planKnown: null, fetches: [], responseBytes: null };
    ended({ ...unknown, route: 'product', product: 'starter', requestId: 'order-7', outcome: 'refused', status: 401 });
    expect(lines).toEqual([
      {
        level: 30,
        part: 'gateway',
        request: true,
        msg: 'request',
        traceId: trace.traceId,
        requestId: 'order-7',
        route: 'product',
        product: 'starter',
        method: 'POST',
        status: 401,
        outcome: 'refused',
        durationMs: 12.3,
      },
    ]);
  });

  it('has no name of more than 100 characters, and no code that is none', () => {
    const { lines, ended } = logging('all');
    ended({
      operation: { ...operation, operationName: 'a'.repeat(1_000_000) },
      outcome: 'errors',
      codes: ['NOT_FOUND', 'canary of a person', 'A'.repeat(51)],
    });
    expect(lines).toMatchObject([{ operation: { name: 'a'.repeat(100) }, codes: ['NOT_FOUND', 'OTHER', 'OTHER'] }]);
  });

  it('is a warning where it is we who failed', () => {
    const { lines, ended } = logging('all');
    ended({ outcome: 'failed', status: 503 });
    expect(lines).toMatchObject([{ level: 40, outcome: 'failed' }]);
  });

  it('is written for problems alone where that is wanted, and for nothing where the log is silent', () => {
    const problems = logging('problems');
    const silent = logging('all', 'silent');
    for (const outcome of ['answered', 'errors', 'refused', 'failed', 'left'] as const) {
      problems.ended({ outcome });
      silent.ended({ outcome });
    }
    expect(problems.lines.map(({ outcome }) => outcome)).toEqual(['errors', 'refused', 'failed', 'left']);
    expect(silent.lines).toEqual([]);
  });

  it('is left out beyond a hundred refused requests in a second, which are counted; and not for others', () => {
    const { lines, ended } = logging('all');
    for (let at = 0; at < 300; at++) ended({ outcome: at % 2 ? 'refused' : 'left' });
    ended();
    ended({ outcome: 'failed' });
    expect(lines).toHaveLength(102);
    jest.advanceTimersByTime(1_000);
    expect(lines[102]).toMatchObject({ request: true, leftOut: 200 });
    ended({ outcome: 'refused' });
    jest.advanceTimersByTime(5_000);
    expect(lines).toHaveLength(104);
  });
});
