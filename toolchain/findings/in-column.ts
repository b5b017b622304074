import { withoutControls } from './telling.js';

/** Wide enough for a sentence in two lines, narrow enough for two such columns on a screen. */
const COLUMN = 56;
const PIECES = new RegExp(`.{1,${COLUMN}}`, 'gsu');

/**
 * Broken at spaces, so that a coordinate or a path can be selected as a whole; what is longer than a column is broken
 * there too, because the table's maker needs the square of a word's length.
 */
export const inColumn = (text: string): string =>
  withoutControls(text)
    .split('\n')
    .map((line) =>
      line
        .split(' ')
        .flatMap((word) => (word.length <= COLUMN ? [word] : (word.match(PIECES) ?? [])))
        .reduce<string[]>((lines, word) => {
          const last = lines.at(-1);
          if (last !== undefined && last.length + 1 + word.length <= COLUMN)
            lines[lines.length - 1] = `${last} ${word}`;
          else lines.push(word);
          return lines;
        }, [])
        .join('\n'),
    )
    .join('\n');
