import { describe, expect, it } from '@jest/globals';
import {
  anonymousContext,
  contextOf,
  withTrace,
  type AnonymousRequest,
  type RequestContext,
} from './request-context.js';

const request = (): AnonymousRequest => ({
  requestId: 'r1',
  trace: null,
  deadline: 1,
  signal: new AbortController().signal,
  deployment: 'internal',
  client: { address: '192.0.2.1', agent: 'curl' } as unknown as RequestContext['client'],
});

describe('A request context', () => {
  it('has the getters of every other: new ones each time kept their requests in memory', () => {
    const [one, other] = [anonymousContext(request()), anonymousContext(request())];
    for (const name of ['signal', 'client'] as const) {
      const [first, second] = [one, other].map((context) => Object.getOwnPropertyDescriptor(context, name)!);
      expect(first).toMatchObject({ enumerable: true, get: expect.any(Function) });
      expect(second!.get).toBe(first!.get);
    }
  });

  it('says what its request says, and so do copies of it, and itself at another place of its trace', () => {
    const facts = request();
    const context = anonymousContext(facts);
    for (const one of [context, { ...context }, withTrace(context, 'a trace')]) {
      expect(one).toMatchObject({
        requestId: 'r1',
        deadline: 1,
        deployment: 'internal',
        caller: { kind: 'anonymous' },
      });
      expect([one.signal, one.client]).toEqual([facts.signal, facts.client]);
    }
    expect(withTrace(context, 'a trace').trace).toBe('a trace');
  });

  it('asks for the signal only when somebody asks it', () => {
    let asked = 0;
    const facts = Object.defineProperty(request(), 'signal', { get: () => ++asked }) as AnonymousRequest;
    const context = contextOf(facts, anonymousContext(request()));
    expect(asked).toBe(0);
    expect(context.signal).toBe(1);
  });

  it('cannot be changed', () => {
    expect(() => Object.assign(anonymousContext(request()), { trace: 'another' })).toThrow(TypeError);
    expect(() => Object.defineProperty(anonymousContext(request()), 'signal', { value: null })).toThrow(TypeError);
  });
});
