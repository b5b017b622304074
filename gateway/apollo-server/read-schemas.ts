import type { GetDataSourceFunction } from '@apollo/gateway';
import { request as send } from 'undici';

const TIMEOUT_MS = 30_000;

/**
 * Through this, supergraph managers read the schemas of subgraphs. Each question has a connection of its own: one that
 * was kept between two polls would outlive the gateway.
 */
export const readSchemas: GetDataSourceFunction = ({ url = '' }) => ({
  async process({ request: { query, http } }) {
    const { statusCode, body } = await send(url, {
      method: 'POST',
      headers: {
        ...Object.fromEntries(http?.headers ?? []),
        accept: 'application/json',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ query }),
      reset: true,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (statusCode === 200) return (await body.json()) as object;
    await body.dump();
    throw new Error(`it answered with the status ${statusCode}.`);
  },
});
