/** One name in every way it is written. */
export interface NameForms {
  /** `usage-entry`: files, events, permissions, products. */
  readonly kebab: string;
  /** `usage_entry`: tables. */
  readonly snake: string;
  /** `usageEntry`: fields and variables. */
  readonly camel: string;
  /** `UsageEntry`: types. */
  readonly pascal: string;
  /** `usage entry`: prose. */
  readonly spoken: string;
}

/** From small words: `['usage', 'entry']`. */
export function formsOf(words: readonly string[]): NameForms {
  const pascal = words.map(capitalized).join('');
  return {
    kebab: words.join('-'),
    snake: words.join('_'),
    camel: pascal.charAt(0).toLowerCase() + pascal.slice(1),
    pascal,
    spoken: words.join(' '),
  };
}

export const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `UsageEntry` → `['usage', 'entry']`. */
export const wordsOfPascal = (name: string): readonly string[] =>
  (name.match(/[A-Z][a-z0-9]*/g) ?? []).map((word) => word.toLowerCase());

/** The English plural, as far as spelling tells it. */
export function pluralOf(word: string): string {
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return /(s|x|z|ch|sh)$/.test(word) ? `${word}es` : `${word}s`;
}

/** Back from a plural, as far as spelling tells it; a word that is none stays. */
export function singularOf(word: string): string {
  if (/[^aeiou]ies$/.test(word)) return `${word.slice(0, -3)}y`;
  if (/(ss|x|z|ch|sh)es$/.test(word)) return word.slice(0, -2);
  return /[^su]s$/.test(word) ? word.slice(0, -1) : word;
}

/** `a` or `an`, by the spelling of what follows. */
export const articleBefore = (spoken: string): string =>
  /^(?!eu|one|uni|u[bst][aeio])[aeiou]|^(heir|honest|honou?r|hour)/.test(spoken) ? 'an' : 'a';
