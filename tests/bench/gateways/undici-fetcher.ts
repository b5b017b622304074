import type { RemoteGraphQLDataSource } from '@apollo/gateway';
import { Agent } from 'undici';

type Fetcher = NonNullable<RemoteGraphQLDataSource['fetcher']>;

const agent = new Agent({ connections: 128 });

/**
 * `fetch` for a `RemoteGraphQLDataSource` by `undici.request`, which costs a fraction of `undici.fetch`. The answer has
 * the parts that the data source reads.
 */
export const undiciFetcher: Fetcher = async (url, init) => {
  const { origin, pathname, search } = new URL(url);
  const { statusCode, headers, body } = await agent.request({
    origin,
    path: pathname + search,
    method: 'POST',
    headers: init!.headers!,
    body: init!.body as string,
  });
  const response = {
    url,
    status: statusCode,
    statusText: '',
    ok: statusCode >= 200 && statusCode < 300,
    headers: { get: (name: string) => headers[name.toLowerCase()] ?? null },
    json: () => body.json(),
    text: () => body.text(),
  };
  return response as unknown as Awaited<ReturnType<Fetcher>>;
};
