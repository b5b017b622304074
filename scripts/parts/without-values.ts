const LONGEST = 16_384;
const HIDDEN = '…';

/**
 * Where libraries and servers repeat in what they say what they were given: JSON that is none; PostgreSQL's data exceptions
 * (class 22) and its details; Prisma, with all arguments of a call; whoever says to which URL, with its login, or to which
 * person; and what looks like a credential of ours wherever it stands.
 */
const TOLD: readonly (readonly [RegExp, string])[] = [
  [/(^|, |: )(?:\.{3})?"[^]*?"(?:\.{3})? is not valid JSON/gm, `$1"${HIDDEN}" is not valid JSON`],
  [
    /\b(invalid input (?:syntax|value) for [\w ".]+?|out of range|value too long for [\w ()]+|malformed \w+ literal): "[^]*?(?:"(?=\\?[`"]|[\n,]|$)|$)/g,
    `$1: "${HIDDEN}"`,
  ],
  [/\bvalue "[^"\n]*" is out of range/g, `value "${HIDDEN}" is out of range`],
  [/(Key \([^()\n]*\)=)\([^\n]*\)/g, `$1(${HIDDEN})`],
  [
    /(Invalid `[^`\n]*` invocation[^\n]*\n)[^]*?\n\s*(?=(?:Unknown|Argument|Invalid value|Missing)[^\n]*(?:\n\s+at |\n?$))/g,
    '$1',
  ],
  [/\/\/[^/\s@"'`]+@/g, `//${HIDDEN}@`],
  [/(?<![\w.+%-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}\b/g, `${HIDDEN}@${HIDDEN}`],
  [/(?<![\w-])eyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, HIDDEN],
  [/\bick_\w{8,}/g, HIDDEN],
];

/** Of a call whose end, which alone is about it, was cut off. */
const ARGUMENTS = /( invocation)[^]*$/;

/** What an error says, with nothing in it that was given by others, as far as one can tell by the text. */
export function withoutValues(text: string): string {
  const beginning = text.length > LONGEST ? `${text.slice(0, LONGEST).replace(ARGUMENTS, '$1')}${HIDDEN}` : text;
  return TOLD.reduce((told, [repeated, hidden]) => told.replace(repeated, hidden), beginning);
}
