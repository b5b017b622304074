import slugify from '@sindresorhus/slugify';

/** What stands where nothing of a text is left: an emoji alone has no letter to make a name of. */
const NOTHING_LEFT = 'unnamed';

/**
 * The words of a text, in small letters and digits of ASCII: `Ünïcode shopItem 2` has `unicode`, `shop`, `item`, `2`.
 * Never none.
 */
function wordsOf(text: string): readonly string[] {
  const words = slugify(text, { separator: ' ', customReplacements: [] })
    .split(' ')
    .filter((word) => /^[a-z0-9]+$/.test(word));
  return words.length === 0 ? [NOTHING_LEFT] : words;
}

const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
/** No programming language lets a name begin with a digit. */
const asName = (text: string): string => (/^[0-9]/.test(text) ? `_${text}` : text);

export const kebabCase = (text: string): string => wordsOf(text).join('-');
export const snakeCase = (text: string): string => asName(wordsOf(text).join('_'));
export const pascalCase = (text: string): string => asName(wordsOf(text).map(capitalized).join(''));
export function camelCase(text: string): string {
  const [first = NOTHING_LEFT, ...rest] = wordsOf(text);
  return asName(first + rest.map(capitalized).join(''));
}

/**
 * JSON that stays whole wherever a template puts it: in a script of an HTML page, in a comment of a program, in YAML.
 * Parsers read the same from it.
 */
export const safeJson = (value: unknown, indentation: number): string =>
  (JSON.stringify(value, null, indentation) ?? 'null')
    .replaceAll('<', '\\u003c')
    .replaceAll('*/', '*\\u002f')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
