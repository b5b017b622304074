/**
 * JSON in one line, for `--json`. What a terminal or a CI system would obey in it is escaped, which changes nothing for
 * whoever parses it: `##[` and `##vso[`, commands for the runners of CI systems; C1 controls and marks of the direction of
 * writing.
 */
export const asJson = (value: unknown): string =>
  JSON.stringify(value)
    .replace(/##(?=\w*\[)/g, '#\\u0023')
    .replace(
      /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
