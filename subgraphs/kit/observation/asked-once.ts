/** For gauges that are read at the same moment and show parts of one answer: whoever asks meanwhile gets the same. */
export function askedOnce<Answer>(ask: () => Promise<Answer>): () => Promise<Answer> {
  let asking: Promise<Answer> | null = null;
  return () => (asking ??= ask().finally(() => (asking = null)));
}
