const words = new Intl.Segmenter('und', { granularity: 'word' });

/** How many words a text has, by the word boundaries of Unicode (UAX #29), in any script. */
export function wordsIn(text: string): number {
  let count = 0;
  for (const { isWordLike } of words.segment(text)) if (isWordLike) count += 1;
  return count;
}
