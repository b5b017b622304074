import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { DeadlinePassed, SubgraphUnreachable, type SubgraphHandle } from '@inevitable/contract';
import { contextFor, notes } from '../test-support/test-subgraphs.js';
import { httpSubgraph } from './http-subgraph.js';
import type { SubgraphFetch } from './subgraph-transport.js';
import { transportOf } from './transport-of.js';

afterEach(() => void jest.useRealTimers());

const fetch: SubgraphFetch = {
  kind: 'query',
  operationName: null,
  body: '',
  request: () => ({ query: '{ notes { id } }' }),
};
const { signal } = new AbortController();
const send = (execute: SubgraphHandle['execute'], context = contextFor(), until = signal) =>
  transportOf(notes({ execute })).send(fetch, context, until);

describe('A subgraph in this process', () => {
  it('answers with its own object, and is asked with the request context itself', async () => {
    const result = { data: { notes: [] } };
    const context = contextFor();
    const asked: unknown[] = [];
    const answer = await send(async (...call) => (asked.push(call), result), context);
    expect(answer).toEqual({ kind: 'result', result });
    expect(answer.kind === 'result' && answer.result).toBe(result);
    expect(asked).toEqual([[{ query: '{ notes { id } }' }, context]]);
    expect((asked[0] as unknown[])[1]).toBe(context);
  });

  it('is unreachable when it breaks, however it does', async () => {
    await expect(send(() => Promise.reject(new TypeError('x')))).rejects.toBeInstanceOf(SubgraphUnreachable);
    const thrown = send(() => {
      throw new TypeError('x');
    });
    await expect(thrown).rejects.toMatchObject({ code: 'SUBGRAPH_UNREACHABLE', cause: expect.any(TypeError) });
  });

  it('is waited for until the deadline and no longer', async () => {
    jest.useFakeTimers();
    const context = contextFor({ deadline: Date.now() + 1_000 });
    const late = expect(send(() => new Promise(() => undefined), context)).rejects.toBeInstanceOf(DeadlinePassed);
    await jest.advanceTimersByTimeAsync(1_010);
    await late;
  });

  it('is not asked when no time is left or the caller is gone', async () => {
    const never: SubgraphHandle['execute'] = () => {
      throw new Error('asked');
    };
    await expect(send(never, contextFor({ deadline: Date.now() }))).rejects.toBeInstanceOf(DeadlinePassed);
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(send(never, contextFor(), gone)).rejects.toThrow('gone');
  });

  it('is no longer waited for when the caller leaves', async () => {
    const abort = new AbortController();
    const left = send(() => new Promise(() => undefined), contextFor(), abort.signal);
    abort.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
  });
});

describe('A subgraph behind HTTP', () => {
  it('is its own transport', async () => {
    const subgraph = httpSubgraph({ name: 'notes', routingUrl: 'http://127.0.0.1:1/graphql', contextTokens: null });
    expect(transportOf(subgraph)).toBe(subgraph);
    await subgraph.close();
  });
});
