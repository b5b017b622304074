import type { GatewayExtension } from '../extensions/gateway-extension.js';
import { proceed, reject } from '../extensions/gateway-extension.js';
import { RequestRefused } from '../graphql-over-http/request-refused.js';

const code = 'COST_ESTIMATED_TOO_EXPENSIVE';

/** Refuses an operation that may cost more than `limit`, before anything is fetched. */
export const costLimit = (limit: number): GatewayExtension => ({
  name: 'cost-limit',
  contract: 1,
  onOperation({ cost }) {
    if (cost <= limit) return proceed;
    const message = `The operation may cost ${cost}; ${limit} is the limit. Ask for shorter lists, or for less at once.`;
    const extensions = { code, cost: { estimated: cost, limit } } as const;
    return reject(new RequestRefused({ code, errors: [{ message, extensions }] }));
  },
});
