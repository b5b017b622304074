import { describe, expect, it } from '@jest/globals';
import { gathered } from './gathered.js';

/** What was sent, in its order; each is answered, or fails, when the test says so. */
function gathering(most: number) {
  const sent: { items: readonly string[]; answer: () => void; fail: (reason: Error) => void }[] = [];
  let onSent = () => {};
  const ask = gathered(most, (items: readonly string[]) => {
    const answers = new Promise<readonly string[]>((resolve, reject) => {
      sent.push({ items, answer: () => resolve(items.map((item) => item.toUpperCase())), fail: reject });
    });
    onSent();
    return answers;
  });
  return {
    ask,
    sent,
    /** Ends what is on its way, and waits for what goes next. */
    async next(end: () => void): Promise<readonly string[]> {
      const following = new Promise<void>((resolve) => (onSent = resolve));
      end();
      await following;
      return sent.at(-1)!.items;
    },
  };
}

describe('What is gathered', () => {
  it('goes at once where nothing of its key is on its way, else together with what came meanwhile', async () => {
    const { ask, sent, next } = gathering(2);
    const answers = ['a', 'b', 'c', 'd'].map((item) => ask('one', item));
    expect(sent.map(({ items }) => items)).toEqual([['a']]);
    const other = ask('other', 'x');
    expect(sent.map(({ items }) => items)).toEqual([['a'], ['x']]);
    expect(await next(sent[0]!.answer)).toEqual(['b', 'c']);
    expect(await next(sent[2]!.answer)).toEqual(['d']);
    sent[1]!.answer();
    sent[3]!.answer();
    expect(await Promise.all([...answers, other])).toEqual(['A', 'B', 'C', 'D', 'X']);
  });

  it('takes along who asks again on hearing an answer', async () => {
    const { ask, sent, next } = gathering(10);
    const again = ask('one', 'a').then(() => ask('one', 'c'));
    const waiting = ask('one', 'b');
    expect(await next(sent[0]!.answer)).toEqual(['b', 'c']);
    sent[1]!.answer();
    expect(await Promise.all([again, waiting])).toEqual(['C', 'B']);
  });

  it('goes at once for one who asks again and again alone, on hearing the answer', async () => {
    const { ask, sent } = gathering(10);
    const again = ask('one', 'a').then(() => {
      const answer = ask('one', 'b');
      return { answer, sent: sent.map(({ items }) => items) };
    });
    sent[0]!.answer();
    expect((await again).sent).toEqual([['a'], ['b']]);
    sent[1]!.answer();
    expect(await (await again).answer).toBe('B');
  });

  it('fails for those who went together, and for nobody after them', async () => {
    const { ask, sent, next } = gathering(2);
    const answers = ['a', 'b', 'c', 'd'].map((item) => ask('one', item));
    const settled = Promise.allSettled(answers);
    await next(sent[0]!.answer);
    await next(() => sent[1]!.fail(new Error('broken')));
    sent[2]!.answer();
    const [broken, fine] = [{ status: 'rejected' }, { status: 'fulfilled' }];
    expect(await settled).toMatchObject([fine, broken, broken, fine]);
  });
});
