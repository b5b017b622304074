import { describe, expect, it } from '@jest/globals';
import { boundedWork } from './bounded-work.js';

describe('Bounded work', () => {
  it('runs so many at once, lets so many wait in order, and refuses the rest', async () => {
    const bounded = boundedWork(2, 2, () => new Error('full'));
    const started: number[] = [];
    const end: (() => void)[] = [];
    const task = (n: number) => () => {
      started.push(n);
      return new Promise<number>((resolve) => (end[n] = () => resolve(n)));
    };
    const answers = [0, 1, 2, 3].map((n) => bounded(task(n)));
    await expect(bounded(task(4))).rejects.toThrow('full');
    expect(started).toEqual([0, 1]);
    end[1]!();
    expect(await answers[1]).toBe(1);
    expect(started).toEqual([0, 1, 2]);
    end[0]!();
    end[2]!();
    expect(await Promise.all([answers[0], answers[2]])).toEqual([0, 2]);
    end[3]!();
    expect(await answers[3]).toBe(3);
    expect(started).toEqual([0, 1, 2, 3]);
  });

  it('gives its place on when a task fails', async () => {
    const bounded = boundedWork(1, 1, () => new Error('full'));
    const failing = bounded(() => Promise.reject(new Error('broken')));
    const next = bounded(() => Promise.resolve('done'));
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('done');
  });
});
