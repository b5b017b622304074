import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';
import { claimAttempts, giveBackAttempts, requireAttempts, type Attempt } from './claim-attempts.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const upTo = (attempts: number, counted: string): Attempt => ({ counted, attempts, windowSeconds: 60 });
const claim = (...attempts: Attempt[]) => claimAttempts(test.flows.db.rows, attempts);
const claimed = { kind: 'claimed' };
/** Within 5 seconds: the clock goes on while the test runs. */
const about = (seconds: number) => expect.closeTo(seconds, -1);
const spentFor = (seconds: number) => ({ kind: 'spent', retryAfterSeconds: about(seconds) });

describe('An attempt', () => {
  it('is allowed up to the limit, and again when the window is over', async () => {
    const door = upTo(2, 'door');
    expect([await claim(door), await claim(door), await claim(door)]).toEqual([claimed, claimed, spentFor(60)]);
    await test.advance('50 seconds');
    expect(await claim(door)).toEqual(spentFor(10));
    await test.advance('10 seconds');
    expect([await claim(door), await claim(door), await claim(door)]).toEqual([claimed, claimed, spentFor(60)]);
  });

  it('is told apart from attempts at something else', async () => {
    expect([await claim(upTo(1, 'one')), await claim(upTo(1, 'another'))]).toEqual([claimed, claimed]);
  });

  it('is allowed as often as the limit says when 100 are made at once, at a new thing and at a known one', async () => {
    for (const window of ['first', 'second']) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => claim(upTo(7, 'crowd'), upTo(1_000, `beside the crowd, ${window}`))),
      );
      expect(answers.filter(({ kind }) => kind === 'claimed')).toHaveLength(7);
      await test.advance('60 seconds');
    }
  });

  it('is counted at all of several things or at none, in whatever order 50 at once name them', async () => {
    const [full, free] = [upTo(1, 'full'), upTo(60, 'free')];
    await claim(full);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => (n % 2 ? claim(full, free) : claim(free, full))),
    );
    expect(answers).toEqual(answers.map(() => spentFor(60)));
    const afterwards = await Promise.all(Array.from({ length: 61 }, () => claim(free)));
    expect(afterwards.filter(({ kind }) => kind === 'claimed')).toHaveLength(60);
  });

  it('waits for the last of several full things', async () => {
    const [short, long] = [upTo(1, 'short'), { ...upTo(1, 'long'), windowSeconds: 600 }];
    expect(await claim(short, long)).toEqual(claimed);
    expect(await claim(short, long)).toEqual(spentFor(600));
  });

  it('can be given back within its window, and no more than that', async () => {
    const [door, other] = [upTo(1, 'given back'), upTo(1, 'never claimed')];
    await claim(door);
    await giveBackAttempts(test.flows.db.rows, [door, other]);
    await giveBackAttempts(test.flows.db.rows, [door, other]);
    expect([await claim(door, other), await claim(door), await claim(other)]).toEqual([
      claimed,
      spentFor(60),
      spentFor(60),
    ]);
  });

  it('above the limit tells the caller when to come back', async () => {
    const door = { ...upTo(1, 'in words'), windowSeconds: 600 };
    await requireAttempts(test.flows.db.rows, [door]);
    await expect(requireAttempts(test.flows.db.rows, [door])).rejects.toMatchObject({
      message: 'Too many attempts. Try again in 10 minutes.',
      code: 'RATE_LIMITED',
      details: { retryAfterSeconds: about(600) },
    });
  });

  it('is stored without a word of what it was at', async () => {
    await claim(upTo(1, 'sign-in:account:ada@acme.test'));
    const [dump] = await test.rows<{ text: string }>('select string_agg(t::text, chr(10)) as text from throttles t');
    expect(dump!.text).not.toContain('ada');
    expect(dump!.text).not.toContain(Buffer.from('ada@acme.test').toString('hex'));
  });
});
