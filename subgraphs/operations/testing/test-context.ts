import { anonymousContext, type Caller, type RequestContext } from '@inevitable/contract';

/** A request of `caller`, of no tenant; the anonymous unless told. */
export const testContext = (caller: Caller = { kind: 'anonymous' }): RequestContext =>
  Object.freeze({
    ...anonymousContext({
      requestId: 'test',
      trace: null,
      deadline: Date.now() + 30_000,
      signal: new AbortController().signal,
      deployment: 'internal',
    }),
    caller,
  });
