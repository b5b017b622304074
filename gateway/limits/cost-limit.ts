import type { GatewayExtension } from '../extensions/gateway-extension.js';
import { proceed, reject } from '../extensions/gateway-extension.js';
import { refusal } from '../graphql-over-http/request-refused.js';

/** Refuses an operation that may cost more than `limit`, before anything is fetched. */
export const costLimit = (limit: number): GatewayExtension => ({
  name: 'cost-limit',
  contract: 1,
  onOperation({ cost }) {
    if (cost <= limit) return proceed;
    const message = `The operation may cost ${cost}; ${limit} is the limit. Ask for shorter lists, or for less at once.`;
    return reject(refusal('COST_ESTIMATED_TOO_EXPENSIVE', message, { details: { cost: { estimated: cost, limit } } }));
  },
});
