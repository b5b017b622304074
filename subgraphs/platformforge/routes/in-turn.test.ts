import { describe, expect, it } from '@jest/globals';
import { InTurn } from './in-turn.js';

const FULL = new Error('Too many.');
const never = new AbortController().signal;

/** Work that says when it began, and ends when told. */
function work() {
  let end!: () => void;
  let began!: () => void;
  const hasBegun = new Promise<void>((resolve) => (began = resolve));
  const hasEnded = new Promise<void>((resolve) => (end = resolve));
  return {
    hasBegun,
    end,
    do: async () => {
      began();
      await hasEnded;
      return 'done';
    },
  };
}
/** Long enough for whatever could begin. */
const settle = (): Promise<void> => new Promise(setImmediate);

describe('Work in turn', () => {
  it('is done one at a time for one tenant, in the order it came, and at once for another', async () => {
    const turns = new InTurn(4, () => FULL);
    const began: string[] = [];
    const [first, second, other] = [work(), work(), work()];
    const named = (name: string, { do: doIt }: ReturnType<typeof work>) => {
      began.push(name);
      return doIt();
    };
    const answers = [
      turns.take('acme', never, () => named('first', first)),
      turns.take('acme', never, () => named('second', second)),
      turns.take('globex', never, () => named('other', other)),
    ];
    await settle();
    expect(began).toEqual(['first', 'other']);
    first.end();
    await second.hasBegun;
    second.end();
    other.end();
    expect(await Promise.all(answers)).toEqual(['done', 'done', 'done']);
  });

  it('goes on after one that failed', async () => {
    const turns = new InTurn(4, () => FULL);
    const failed = turns.take('acme', never, () => Promise.reject(FULL));
    const next = turns.take('acme', never, async () => 'done');
    await expect(failed).rejects.toBe(FULL);
    expect(await next).toBe('done');
  });

  it('has so many waiting, and refuses the next until one is done', async () => {
    const turns = new InTurn(2, () => FULL);
    const first = work();
    const answers = [first.do, async () => 'done', async () => 'done'].map((each) => turns.take('acme', never, each));
    await expect(turns.take('acme', never, async () => 'done')).rejects.toBe(FULL);
    first.end();
    expect(await Promise.all(answers)).toEqual(['done', 'done', 'done']);
    expect(await turns.take('acme', never, async () => 'done')).toBe('done');
  });

  it('is not begun for somebody who left while waiting, whose place is free then', async () => {
    const turns = new InTurn(1, () => FULL);
    const reason = new Error('The caller left.');
    const leaving = new AbortController();
    const first = work();
    const done = turns.take('acme', never, first.do);
    const left = turns.take('acme', leaving.signal, () => Promise.reject(new Error('It began.')));
    leaving.abort(reason);
    await expect(left).rejects.toBe(reason);
    await expect(turns.take('acme', leaving.signal, async () => 'done')).rejects.toBe(reason);
    const next = turns.take('acme', never, async () => 'done');
    first.end();
    expect(await Promise.all([done, next])).toEqual(['done', 'done']);
  });
});
