import { describe, expect, it } from '@jest/globals';
import { anonymousContext } from '@inevitable/contract';
import { RequestEnd } from './request-end.js';
import { RequestFacts } from './request-facts.js';

const listener = () => {
  const heard: string[] = [];
  return { heard, handleEvent: () => void heard.push('abort') };
};
const reason = new Error('The client left.');

describe('The end of a request', () => {
  it('is told once to everybody who listens, with its reason', () => {
    const end = new RequestEnd();
    const [one, other] = [listener(), listener()];
    end.addEventListener('abort', one);
    end.addEventListener('abort', other);
    expect(end.aborted).toBe(false);
    end.abort(reason);
    end.abort(new Error('later'));
    expect([one.heard, other.heard]).toEqual([['abort'], ['abort']]);
    expect([end.aborted, end.reason]).toEqual([true, reason]);
  });

  it('is not told to those who no longer listen, nor to those who came too late', () => {
    const end = new RequestEnd();
    const [gone, stays, late] = [listener(), listener(), listener()];
    end.addEventListener('abort', gone);
    end.addEventListener('abort', stays);
    end.removeEventListener('abort', gone);
    end.removeEventListener('abort', gone);
    end.abort(reason);
    end.addEventListener('abort', late);
    expect([gone.heard, stays.heard, late.heard]).toEqual([[], ['abort'], []]);
  });

  it('may be left by a listener while it is told to the others', () => {
    const end = new RequestEnd();
    const other = listener();
    const first = { handleEvent: () => end.removeEventListener('abort', first) };
    end.addEventListener('abort', first);
    end.addEventListener('abort', other);
    end.abort(reason);
    expect(other.heard).toEqual(['abort']);
  });

  it('is an AbortSignal for whoever asks for one, before or after', () => {
    const [before, after] = [new RequestEnd(), new RequestEnd()];
    const { signal } = before;
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(before.signal).toBe(signal);
    expect(signal.aborted).toBe(false);
    for (const end of [before, after]) end.abort(reason);
    for (const end of [before, after]) expect([end.signal.aborted, end.signal.reason]).toEqual([true, reason]);
  });

  it('reaches a request context, and copies of it', () => {
    const facts = new RequestFacts('r1', null, Date.now() + 1_000, 'internal');
    const context = anonymousContext(facts);
    const copy = { ...context };
    facts.end.abort(reason);
    for (const one of [context, copy]) expect(one.signal.reason).toBe(reason);
  });
});
