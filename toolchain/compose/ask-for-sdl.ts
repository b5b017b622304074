import { MAX_SCHEMA_BYTES, sizeInWords } from './read-text.js';
import { SupergraphUnreadable } from './supergraph-unreadable.js';

export interface AskLimits {
  /** From the first byte sent to the last one received. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

export const ASK_LIMITS: AskLimits = { timeoutMs: 10_000, maxBytes: MAX_SCHEMA_BYTES };

/** A field every subgraph has: Apollo Federation 2 subgraph specification, "Enhanced introspection". */
const QUESTION = JSON.stringify({ query: '{ _service { sdl } }' });

/**
 * Asks a running subgraph for its schema. Throws `SupergraphUnreadable`; `namedBy` (`supergraph.yaml:7`) begins its
 * sentence.
 */
export async function askForSdl(url: string, namedBy: string, limits: AskLimits = ASK_LIMITS): Promise<string> {
  const refuse = (reason: string): SupergraphUnreadable => new SupergraphUnreadable(`${namedBy}: ${url} ${reason}.`);
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: QUESTION,
      redirect: 'manual', // whoever answers must not choose whom we ask
      signal: timeout,
    });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw refuse(
        `answered with a redirect (HTTP ${response.status}), which is not followed: name the URL it leads to`,
      );
    }
    const text = await bodyOf(response, limits.maxBytes);
    if (text === null) throw refuse(`answered with more than ${sizeInWords(limits.maxBytes)}`);
    const { sdl, error } = read(text);
    if (sdl !== undefined) return sdl;
    const status = response.ok ? '' : ` (HTTP ${response.status})`;
    throw refuse(
      `answered { _service { sdl } } without an SDL${status}${error === undefined ? '' : `: ${error}`}; give schema.file where a subgraph does not tell its schema`,
    );
  } catch (error) {
    if (error instanceof SupergraphUnreadable) throw error;
    if (timeout.aborted) throw refuse(`did not answer within ${limits.timeoutMs / 1_000} s`);
    const { cause = error } = error as Error;
    throw refuse(`did not answer (${(cause as NodeJS.ErrnoException).code ?? (cause as Error).message})`);
  }
}

/** Null: there is more of it than `maxBytes`. */
async function bodyOf(response: Response, maxBytes: number): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return null; // leaving the loop cancels the rest
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const LONGEST_QUOTE = 200;

function read(text: string): { readonly sdl?: string; readonly error?: string } {
  try {
    const answer = JSON.parse(text) as {
      data?: { _service?: { sdl?: unknown } };
      errors?: { message?: unknown }[];
    } | null;
    const sdl = answer?.data?._service?.sdl;
    if (typeof sdl === 'string') return { sdl };
    const message = answer?.errors?.[0]?.message;
    return typeof message === 'string'
      ? {
          error: message
            .slice(0, LONGEST_QUOTE)
            .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
            .replace(/\.$/, ''),
        }
      : {};
  } catch {
    return { error: 'what it answered is not JSON' };
  }
}
