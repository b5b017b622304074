import { describe, expect, it } from '@jest/globals';
import { lookedAtOften, notReady, ready } from './health.js';

describe('A part that anybody may ask about', () => {
  it('is looked at once a second at most, however often it is asked', async () => {
    let [looks, now] = [0, 0];
    const check = lookedAtOften(
      async () => (++looks === 1 ? ready('disk') : notReady('disk', 'It is full.')),
      () => now,
    );
    expect(await Promise.all([check(), check()])).toEqual([ready('disk'), ready('disk')]);
    now = 999;
    expect(await check()).toEqual(ready('disk'));
    expect(looks).toBe(1);
    now = 1_000;
    expect(await check()).toEqual(notReady('disk', 'It is full.'));
    expect(looks).toBe(2);
  });

  it('is looked at again after a look that failed', async () => {
    let [looks, now] = [0, 0];
    const check = lookedAtOften(
      () => (++looks === 1 ? Promise.reject(new Error('no disk')) : ready('disk')),
      () => now,
    );
    await expect(check()).rejects.toThrow('no disk');
    await expect(check()).rejects.toThrow('no disk');
    now = 1_000;
    expect(await check()).toEqual(ready('disk'));
  });
});
