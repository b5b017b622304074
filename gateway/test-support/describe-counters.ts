import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Counters } from '../protection/rate-limits/counters.js';

/** What every store of counts promises. `open` is called once, and what it gives is closed. */
export function describeCounters(
  title: string,
  open: () => Promise<Counters>,
  suite: (title: string, tests: () => void) => void = describe,
): void {
  suite(title, () => {
    let counters: Counters;
    let windows = 0;
    const newWindow = (seconds = 60) => ({ key: `window-${process.pid}-${++windows}`, seconds });
    const take = async (window: { key: string; seconds: number }, units: number, limit: number) => {
      const { isGranted, held } = await counters.take(window, units, limit);
      return [isGranted, held];
    };
    beforeAll(async () => void (counters = await open()));
    afterAll(() => counters.close());

    it('grants all of a limit, by ones and by hundreds, and not one unit more', async () => {
      const window = newWindow();
      expect(await take(window, 90, 100)).toEqual([true, 90]);
      const each = await Promise.all(Array.from({ length: 50 }, () => take(window, 1, 100)));
      expect(each.filter(([isGranted]) => isGranted)).toHaveLength(10);
      expect(await take(window, 1, 100)).toEqual([false, 100]);
    });

    it('counts nothing of what it refuses: a large one keeps no small one out', async () => {
      const window = newWindow();
      expect(await take(window, 1_000, 100)).toEqual([false, 0]);
      const wanted = Array.from({ length: 40 }, (_, index) => take(window, index % 2 === 0 ? 500 : 5, 100));
      expect((await Promise.all(wanted)).filter(([isGranted]) => isGranted)).toHaveLength(20);
    });

    it('gives back to the window that was taken from', async () => {
      const [one, other] = [newWindow(), newWindow(3_600)];
      const taken = await counters.take(one, 60, 100);
      taken.giveBack(59);
      expect(await take(one, 99, 100)).toEqual([true, 100]);
      expect(await take(other, 100, 100)).toEqual([true, 100]);
    });

    it('holds a window to the limit that it has now', async () => {
      const window = newWindow();
      expect(await take(window, 100, 100)).toEqual([true, 100]);
      expect(await take(window, 1, 1_000)).toEqual([true, 101]);
      expect(await take(window, 1, 50)).toEqual([false, 101]);
    });

    it('counts the largest numbers exactly', async () => {
      const window = newWindow();
      const most = 10 ** 15;
      expect(await take(window, most - 1, most)).toEqual([true, most - 1]);
      expect(await take(window, 2, most)).toEqual([false, most - 1]);
      expect(await take(window, 1, most)).toEqual([true, most]);
    });
  });
}
