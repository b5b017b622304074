import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { createClient } from 'graphql-sse';
import { getOperationAST } from 'graphql';

/**
 * How GraphiQL asks: queries and mutations by POST, `@defer` as multipart, subscriptions as server-sent events. Each with
 * the token of who is signed in, unless the headers editor gives another.
 *
 * @param {{ url: string, session: ReturnType<typeof import('./session.js').createSession>, fetch: typeof fetch }} options
 */
export function createFetcher({ url, session, fetch }) {
  const ask = askAs(session, fetch);
  const askOnce = createGraphiQLFetcher({ url, fetch: ask });
  return (params, options) => {
    const operation = options?.documentAST && getOperationAST(options.documentAST, params.operationName || undefined);
    if (operation?.operation === 'subscription') return subscribe({ url, fetch: ask }, params, options?.headers);
    return askOnce(params, options);
  };
}

/** `fetch` in the name of who is signed in. A token that the gateway does not believe any more is renewed, once. */
export const askAs = (session, fetch) => async (url, init) => {
  const send = (token) => {
    const headers = new globalThis.Headers(init.headers);
    const isOurs = token !== null && !headers.has('authorization');
    if (isOurs) headers.set('authorization', `Bearer ${token}`);
    return { isOurs, answer: fetch(url, { ...init, headers, credentials: 'omit' }) };
  };
  const token = await session.accessToken();
  const { isOurs, answer } = send(token);
  const response = await answer;
  if (!isOurs || response.status !== 401) return response;
  const other = await session.otherToken(token);
  return other === null ? response : send(other).answer;
};

async function* subscribe({ url, fetch }, { query, variables, operationName, extensions }, headers) {
  const client = createClient({ url, fetchFn: fetch, headers: headers ?? {}, retryAttempts: 0 });
  try {
    yield* client.iterate({ query, variables, operationName, extensions });
  } catch (error) {
    // What was refused before it began is answered in words, as a query is.
    const refusal = await error?.response?.json?.().catch(() => null);
    if (!refusal) throw error;
    yield refusal;
  } finally {
    client.dispose();
  }
}
