import { z } from 'zod';

export interface TextWanted {
  readonly min: number;
  readonly max: number;
  /**
   * What people know a thing by, in lists and logs: nothing in it breaks the line, moves a terminal's cursor, or turns the
   * direction of what stands around it (Unicode Technical Report 36), and there is something to see in it.
   */
  readonly singleLine?: boolean;
}

/** Joiners and marks that languages and emoji need stay allowed. */
const TURNS_OR_BREAKS = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;
/** The Braille blank is a symbol that shows nothing. */
const SEEN = /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Default_Ignorable_Code_Point}\u2800]/u;

/**
 * Text from outside that PostgreSQL and JSON can hold: no NUL, no half of a surrogate pair; `min` and `max` count
 * characters (code points) after white space at both ends is gone.
 */
export const plainText = ({ min, max, singleLine = false }: TextWanted) =>
  z
    .string()
    .trim()
    .refine((text) => !text.includes('\0'), 'must not contain the NUL character')
    .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
    .refine((text) => lengthWithin(text, min, max), `must have ${min} to ${max} characters`)
    .refine(
      (text) => !singleLine || !TURNS_OR_BREAKS.test(text),
      'must be one line, without control characters and without marks that turn its direction',
    )
    .refine((text) => !singleLine || text === '' || SEEN.test(text), 'must have characters that can be seen');

function lengthWithin(text: string, min: number, max: number): boolean {
  if (text.length > max * 2) return false; // no need to count: a code point is at most two units
  const characters = [...text].length;
  return characters >= min && characters <= max;
}
