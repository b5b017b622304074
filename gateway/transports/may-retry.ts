import type { SubgraphFetch } from './subgraph-transport.js';
import type { BrokenExchange } from './http-exchange.js';

/** The connection could not be made, or ended: the codes of Node and of undici. */
const CONNECTION_FAILED = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * True when a fetch may be sent a second time. A query: when the connection failed before any answer, mostly because the
 * subgraph closed a kept-alive connection as we wrote to it. A mutation: only when the connection was never made. Then no
 * byte of it left this process, so it cannot be done twice.
 */
export function mayRetry(kind: SubgraphFetch['kind'], { error, sent, answerBegan }: BrokenExchange): boolean {
  if (answerBegan || (kind === 'mutation' && sent)) return false;
  return CONNECTION_FAILED.has((error as NodeJS.ErrnoException).code ?? '');
}
