import { createRequire } from 'node:module';

type Dictionaries = typeof import('@zxcvbn-ts/language-common');

const load = createRequire(import.meta.url);

/** Shorter ones stand in many passwords by chance. */
const SHORTEST = 4;

/** 49,000 of them, lower-case. */
let common: ReadonlySet<string> | undefined;

/**
 * Whether many people have this password, as leaks have shown; lower-case. The list is read at the first question: it takes
 * 14 MB and 40 ms, and most processes are never asked.
 */
export function isCommonPassword(text: string): boolean {
  if (!common) {
    const { dictionary } = load('@zxcvbn-ts/language-common') as Dictionaries;
    common = new Set(dictionary['passwords-common'].filter(({ length }) => length >= SHORTEST));
  }
  return common.has(text);
}
