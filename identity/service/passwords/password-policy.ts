import { BadUserInput } from '@inevitable/contract';
import { isCommonPassword } from './common-passwords.js';
import { passwordText } from './passwords.js';

/**
 * OWASP ASVS 5.0, 6.2.1. NIST SP 800-63B-4 asks for 15 where the password is the only factor. We stay at 8: guesses at the
 * door are counted, hashes are slow, what everybody tries is refused, and nobody has to change a password for having
 * disabled the second factor.
 */
const SHORTEST_PASSWORD = 8;
/** A word that stands in so many passwords by chance says nothing. */
const SHORTEST_WORD = 3;
/** What somebody adds to a name that anybody knows must be more than this. */
const LONGEST_ADDITION = 2;

/**
 * A password that somebody chooses now; those that are stored already are none of this schema's business. No rule says
 * which kinds of characters it has (NIST SP 800-63B, section 5.1.1.2).
 */
export const newPasswordText = passwordText.refine(
  (text) => [...text.normalize('NFKC')].length >= SHORTEST_PASSWORD,
  `must have at least ${SHORTEST_PASSWORD} characters`,
);

/**
 * Refuses what is tried first: the passwords that many people have, also in the usual disguise, one character or a row of
 * them again and again, and what is made of `words`, which anybody may know of this person, their tenant and the
 * products. Throws `BadUserInput` at `field`.
 */
export function assertHardToGuess(password: string, words: readonly string[], field: string): void {
  const plain = password.normalize('NFKC').toLowerCase();
  const spellings = [...new Set([plain, undisguised(plain), undisguised(undecorated(plain))])];
  const known = wordsOf(words);
  if (spellings.some((spelling) => isMadeOf(spelling, known)))
    throw new BadUserInput('That password is made of names that others know. Choose another one.', field);
  if (spellings.some((spelling) => isCommon(spelling) || isMonotonous(spelling)))
    throw new BadUserInput('That password is one of those that are tried first. Choose another one.', field);
}

const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
};

const undisguised = (text: string): string => text.replace(/[013457@$]/g, (character) => LEET[character]!);

/** Without digits and signs around it: `!!dragon2024` is `dragon`. */
function undecorated(text: string): string {
  const characters = [...text];
  const isLetter = (character: string): boolean => /\p{L}/u.test(character);
  return characters.slice(characters.findIndex(isLetter), characters.findLastIndex(isLetter) + 1).join('');
}

const isCommon = (text: string): boolean => isCommonPassword(text) || isCommonPassword(undecorated(text));

/** `aaaaaaaa`, `abcabcabc`, `hgfedcba`, `7890123456`. */
function isMonotonous(text: string): boolean {
  if (/^(.{1,4})\1+$/su.test(text)) return true;
  const points = [...text].map((character) => character.codePointAt(0)!);
  const steps = new Set(points.slice(1).map((point, index) => point - points[index]!));
  if (/^\d+$/.test(text)) return [1, -1].some((step) => [...steps].every((each) => (each - step) % 10 === 0));
  return steps.size === 1 && (steps.has(1) || steps.has(-1));
}

/** An address with its parts, a name with its words; the longest first, so that none hides in another. */
const wordsOf = (words: readonly string[]): readonly string[] =>
  [...new Set(words.flatMap((word) => [word, ...word.split(/[^\p{L}\p{N}]+/u)]))]
    .map((word) => word.normalize('NFKC').toLowerCase().trim())
    .filter((word) => word.length >= SHORTEST_WORD)
    .sort((one, other) => other.length - one.length);

function isMadeOf(text: string, words: readonly string[]): boolean {
  const rest = words.reduce((left, word) => left.replaceAll(word, ''), text);
  return rest !== text && undecorated(rest).length <= LONGEST_ADDITION;
}
