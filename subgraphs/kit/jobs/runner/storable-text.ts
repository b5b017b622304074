/** Longer texts help nobody, and a thousand of them fill a page. */
const LONGEST = 10_000;

/** What a handler gave as a text, as PostgreSQL's jsonb takes it: without NUL and without half surrogate pairs, at most 10,000 characters. */
export const storableText = (text: unknown): string =>
  String(text).slice(0, LONGEST).replaceAll('\0', '�').toWellFormed();
