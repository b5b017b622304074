import { describe, expect, it } from '@jest/globals';
import { isOutdatedHash } from './is-outdated-hash.js';
import { openPasswords } from './passwords.js';

describe('A stored hash', () => {
  it('of today is not outdated', async () => {
    expect(isOutdatedHash(await (await openPasswords(1)).hash('a password'))).toBe(false);
  });

  it.each([
    ['less memory', '$argon2id$v=19$m=19455,t=2,p=1$c2FsdA$aGFzaA'],
    ['fewer passes', '$argon2id$v=19$m=19456,t=1,p=1$c2FsdA$aGFzaA'],
    ['another variant', '$argon2i$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'],
    ['an older version', '$argon2id$v=16$m=19456,t=2,p=1$c2FsdA$aGFzaA'],
    ['another algorithm', '$2b$12$abcdefghijklmnopqrstuv'],
  ])('with %s is', (_case, stored) => {
    expect(isOutdatedHash(stored)).toBe(true);
  });

  it.each(['$argon2id$v=19$m=47104,t=2,p=1$c2FsdA$aGFzaA', '$argon2id$v=19$m=19456,t=3,p=4$c2FsdA$aGFzaA'])(
    'that costs more is not: %s',
    (stored) => {
      expect(isOutdatedHash(stored)).toBe(false);
    },
  );
});
