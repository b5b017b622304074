import { describe, expect, it } from '@jest/globals';
import { assertHardToGuess, newPasswordText } from './password-policy.js';

const WORDS = [
  'ada.lovelace@acme-works.test',
  'countess',
  'Ada Lovelace',
  'analytics',
  'Analytical Engines',
  'inevitable',
];

const choose = (password: string): void => assertHardToGuess(newPasswordText.parse(password), WORDS, 'input.password');

describe('A password that somebody chooses', () => {
  it.each([
    'tractor in a pond',
    'vjwqpzkd',
    '8163920475',
    '\u00a7%&/()=?',
    '\u65e5\u672c\u8a9e\u306e\u5408\u8a00\u8449\u3067\u3059',
    'correct horse',
  ])('needs no particular kinds of characters: %j', (password) => expect(() => choose(password)).not.toThrow());

  it('has at least 8 characters, however many bytes or spellings they have', () => {
    expect(newPasswordText.safeParse('\u{1f40e}'.repeat(7)).success).toBe(false);
    expect(newPasswordText.safeParse('\u{1f40e}'.repeat(8)).success).toBe(true);
    expect(newPasswordText.safeParse('a\u0301'.repeat(7)).success).toBe(false);
  });

  it('may have 4 KiB', () => {
    expect(() => choose(`${'! '.repeat(2_047)}x!`)).not.toThrow();
    expect(newPasswordText.safeParse('x'.repeat(4_097)).success).toBe(false);
  });

  it.each([
    'password',
    'PassWord',
    'iloveyou',
    '1q2w3e4r',
    'p@ssw0rd',
    'P4$$w0rd2024!',
    '!!dragon!!1999',
    '\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44',
    '1password1',
    'aaaaaaaaaa',
    'xyzxyzxyzxyz',
    '123456789012',
    'stuvwxyz',
    'zyxwvuts',
  ])('is refused where everybody tries it first: %j', (password) => {
    expect(() => choose(password)).toThrow(
      expect.objectContaining({
        code: 'BAD_USER_INPUT',
        details: { field: 'input.password' },
        message: 'That password is one of those that are tried first. Choose another one.',
      }),
    );
  });

  it.each([
    ['the e-mail address', 'ada.lovelace@acme-works.test'],
    ['its name', 'Ada.Lovelace!'],
    ['its domain', 'acme-works-2024'],
    ['the user name', 'countess42'],
    ['the user name in disguise', 'C0unt3ss!'],
    ['the display name', 'ada lovelace'],
    ['the display name the other way round', 'LovelaceAda1'],
    ["the tenant's short name", 'analytics1'],
    ["the tenant's name", 'analytical engines'],
    ["a product's name", 'Inevitable2024'],
    ['several of them', 'inevitable-analytics'],
  ])('is refused where it is made of %s', (_what, password) => {
    expect(() => choose(password)).toThrow('That password is made of names that others know. Choose another one.');
  });

  it('may have such a word within it', () => {
    expect(() => choose('ada keeps nine geese')).not.toThrow();
  });
});
