const words = new Intl.Segmenter('und', { granularity: 'word' });

/** The words of a text by Unicode's word boundaries (UAX #29), in any script: each once, in small letters, in order. */
export function keywordsOf(text: string): ReadonlySet<string> {
  const keywords = new Set<string>();
  for (const { segment, isWordLike } of words.segment(text)) if (isWordLike) keywords.add(segment.toLowerCase());
  return keywords;
}
