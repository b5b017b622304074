import { describe, expect, it } from '@jest/globals';
import { openPasswords, passwordText, TooManySignIns } from './passwords.js';

describe('A password', () => {
  it('is stored as salted Argon2id with 19 MiB and two passes', async () => {
    const passwords = await openPasswords();
    const [first, second] = [await passwords.hash('same'), await passwords.hash('same')];
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(second).not.toBe(first);
  });

  it.each([64, 128, 1_000, 4_096])('of %d characters counts to its last one', async (length) => {
    const passwords = await openPasswords();
    const password = passwordText.parse('x'.repeat(length));
    const stored = await passwords.hash(password);
    expect(await passwords.verify(stored, password)).toBe(true);
    expect(await passwords.verify(stored, `${password.slice(0, -1)}y`)).toBe(false);
  });

  it('above 4 KiB is refused before it is hashed', () => {
    expect(passwordText.safeParse('x'.repeat(4_097)).success).toBe(false);
    expect(passwordText.safeParse('é'.repeat(2_049)).success).toBe(false);
  });

  it('is the same in every Unicode spelling of it', async () => {
    const passwords = await openPasswords();
    const stored = await passwords.hash('Ame\u0301lie\uff01');
    expect(await passwords.verify(stored, 'Am\u00e9lie!')).toBe(true);
  });

  it('of nobody never matches', async () => {
    const passwords = await openPasswords();
    expect(await passwords.verify(null, '')).toBe(false);
  });

  it('is hashed beside the event loop, which goes on turning', async () => {
    const passwords = await openPasswords(1);
    let done = false;
    const hashing = Promise.all([passwords.hash('one'), passwords.verify(null, 'two')]).then(() => (done = true));
    let turns = 0;
    while (!done) {
      await new Promise((next) => setImmediate(next));
      turns += 1;
    }
    await hashing;
    expect(turns).toBeGreaterThan(100);
  });

  it('waits its turn, and is refused when too many wait', async () => {
    const passwords = await openPasswords(1);
    const attempts = await Promise.allSettled(Array.from({ length: 67 }, () => passwords.verify(null, 'guess')));
    const refused = attempts.filter((attempt) => attempt.status === 'rejected');
    expect(refused.map(({ reason }) => reason)).toEqual([expect.any(TooManySignIns), expect.any(TooManySignIns)]);
  });
});
