import { beforeEach, describe, expect, it } from '@jest/globals';
import { PlannerBusy, PlanningFailed, PlanningTimedOut } from '../planner/planner.js';
import { createPlanCache, type PlanCache } from './plan-cache.js';

interface Made {
  readonly of: string;
}

let now: number;
let made: string[];
let cache: PlanCache<Made>;
beforeEach(() => {
  now = 0;
  made = [];
  cache = createPlanCache({ max: 3, now: () => now });
});

/** The value of `key` is made, or that fails with `error`. */
const make = (key: string, error?: Error) => async () => {
  made.push(key);
  if (error) throw error;
  return { of: key };
};
const get = (key: string, error?: Error) => cache.get(key, make(key, error));
const prepare = (key: string) => cache.prepare(key, make(key));

describe('The plan cache', () => {
  it('has 20 equal requests in flight planned once', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => get('a')));
    expect(new Set(all)).toEqual(new Set([{ of: 'a' }]));
    expect(made).toEqual(['a']);
  });

  it('gives a value that is there without a promise', async () => {
    const value = await prepare('a');
    expect(get('a')).toBe(value);
  });

  it('keeps what is asked a second time, and nothing that is asked once', async () => {
    await get('once');
    await get('a');
    expect(cache.size).toBe(0);
    const value = await get('a');
    expect(cache.size).toBe(1);
    expect(get('a')).toBe(value);
    expect(made).toEqual(['once', 'a', 'a']);
  });

  it('keeps what is asked again while it is made for the first time', async () => {
    const [value] = await Promise.all([get('a'), get('a')]);
    expect(get('a')).toBe(value);
    expect(made).toEqual(['a']);
  });

  it('never holds more than its bound, and lets go of what was not used longest', async () => {
    for (const key of ['a', 'b', 'c']) await prepare(key);
    await get('a');
    await prepare('d');
    expect(cache.mostUsed(10)).toHaveLength(3);
    expect(get('a')).toEqual({ of: 'a' });
    expect(await get('b')).toEqual({ of: 'b' });
    expect(made).toEqual(['a', 'b', 'c', 'd', 'b']);
  });

  it.each([
    ['failed', new PlanningFailed(null, 'no way there.')],
    ['took too long', new PlanningTimedOut('Q', 10_000)],
  ])('remembers for 30 seconds that planning %s', async (_, error) => {
    await expect(get('a', error)).rejects.toBe(error);
    now = 29_999;
    await expect(get('a')).rejects.toBe(error);
    expect(made).toEqual(['a']);
    now = 30_000;
    expect(await get('a')).toEqual({ of: 'a' });
  });

  it.each([
    ['a busy planner', new PlannerBusy(null, 1_000)],
    ['an unknown error', new Error('Something else.')],
  ])('asks again after a failure that says nothing about the operation: %s', async (_, error) => {
    await expect(get('a', error)).rejects.toBe(error);
    expect(await get('a')).toEqual({ of: 'a' });
  });

  it('tells every request in flight of one failure, also of one thrown at once', async () => {
    const error = new Error('Thrown before there was a promise.');
    const fail = () => {
      made.push('a');
      throw error;
    };
    const all = await Promise.allSettled([cache.get('a', fail), cache.get('a', fail)]);
    expect(all.map((one) => one.status === 'rejected' && one.reason)).toEqual([error, error]);
    expect(made).toEqual(['a']);
    expect(await get('a')).toEqual({ of: 'a' });
  });

  it('names what was used most, the most used first', async () => {
    for (const key of ['a', 'b', 'c']) await prepare(key);
    for (const key of ['c', 'b', 'c']) await get(key);
    expect(cache.mostUsed(2)).toEqual([{ of: 'c' }, { of: 'b' }]);
  });

  it('forgets a favourite of yesterday for what is used today', async () => {
    for (const key of ['old', 'new']) await prepare(key);
    for (let use = 0; use < 200; use++) await get('old');
    expect(cache.mostUsed(1)).toEqual([{ of: 'old' }]);
    for (let use = 0; use < 100; use++) await get('new');
    expect(cache.mostUsed(1)).toEqual([{ of: 'new' }]);
  });
});
