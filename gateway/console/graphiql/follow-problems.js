/**
 * What a stack that is being started again needs, more or less; and before the same is asked again, because a gateway
 * that cannot let everybody wait answers at once. Milliseconds.
 */
const AGAIN_AFTER_MS = 1_000;

/**
 * Asks for the problems of the stack until `signal`: each question is answered when there is something new.
 *
 * @param {{ ask: (after: string | null, signal: AbortSignal) => Promise<{ revision: string, supergraph: string,
 *   problems: readonly { title: string, text: string }[] }>, onNews: (news: object) => void, signal: AbortSignal,
 *   wait?: (ms: number) => Promise<void> }} options `ask` rejects where nobody answers; then `onNews` is given null
 */
export async function followProblems({ ask, onNews, signal, wait = waiting }) {
  let revision = null;
  while (!signal.aborted) {
    try {
      const news = await ask(revision, signal);
      if (signal.aborted) return;
      if (news.revision === revision) {
        await wait(AGAIN_AFTER_MS);
        continue;
      }
      onNews(news);
      revision = news.revision;
    } catch {
      if (signal.aborted) return;
      revision = null;
      onNews(null);
      await wait(AGAIN_AFTER_MS);
    }
  }
}

const waiting = (ms) => new Promise((resolve) => globalThis.setTimeout(resolve, ms));
