import { z } from 'zod';

/**
 * Text from outside that PostgreSQL and JSON can hold: no NUL, no half of a surrogate pair; `min` and `max` count
 * characters (code points) after white space at both ends is gone.
 */
export const plainText = ({ min, max }: { readonly min: number; readonly max: number }) =>
  z
    .string()
    .trim()
    .refine((text) => !text.includes('\0'), 'must not contain the NUL character')
    .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
    .refine((text) => lengthWithin(text, min, max), `must have ${min} to ${max} characters`);

function lengthWithin(text: string, min: number, max: number): boolean {
  if (text.length > max * 2) return false; // no need to count: a code point is at most two units
  const characters = [...text].length;
  return characters >= min && characters <= max;
}
