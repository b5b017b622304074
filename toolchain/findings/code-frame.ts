import { codeFrameColumns } from '@babel/code-frame';
import { withoutControls } from './telling.js';

/** A schema may be one line of a megabyte. */
const LONGEST_LINE = 160;
const BEFORE = 60;

const LINES_ABOVE = 2;
const LINES_BELOW = 2;

/**
 * The lines around a place, with a mark below the column. Line and column count from 1. Null where the text has no such
 * line: it is another text than the one that was judged.
 */
export function codeFrame(text: string, line: number, column?: number): string | null {
  const lines = text.split(/\r\n|\n|\r/); // as GraphQL counts them
  if (line < 1 || line > lines.length) return null;
  const first = Math.max(line - 1 - LINES_ABOVE, 0);
  const seen = lines.slice(first, line + LINES_BELOW);
  // Every line loses as much at its beginning, so that they still stand below each other.
  const cut = column === undefined || column <= LONGEST_LINE ? 0 : column - 1 - BEFORE;
  const shown = seen.map((one) => oneLine(one.slice(cut, cut + LONGEST_LINE)));
  const start = { line, ...(column !== undefined && { column: column - cut }) };
  // `startLine` is an option that the declarations of its types leave out.
  const options = { linesAbove: LINES_ABOVE, linesBelow: LINES_BELOW, startLine: first + 1 };
  return codeFrameColumns(shown.join('\n'), { start }, options);
}

// The frame's maker breaks lines at U+2028 and U+2029 too, where GraphQL does not.
const oneLine = (text: string): string => withoutControls(text).replace(/[\n\u2028\u2029]/g, ' ');
