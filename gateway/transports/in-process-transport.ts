import { OperatorError, SubgraphUnreachable, type SubgraphHandle } from '@inevitable/contract';
import type { SubgraphTransport } from './subgraph-transport.js';
import { TimeLimits } from './time-limits.js';
import { Waiter } from './waiter.js';

/**
 * A subgraph in this process: no socket, no JSON. Nothing is shared and nothing tried again, and a caller who leaves is
 * seen by the subgraph itself, which has the same context.
 */
export function inProcessTransport(handle: SubgraphHandle): SubgraphTransport {
  const { name } = handle;
  const limits = new TimeLimits();
  return {
    name,
    send: (fetch, context, signal) =>
      new Promise((resolve, reject) => {
        const waiter = new Waiter(name, context, signal, limits, resolve, reject);
        if (!waiter.isThere()) return;
        waiter.waitFor(null);
        const run = async () => handle.execute(fetch.request(), context);
        run().then(
          (result) => waiter.answered({ kind: 'result', result }),
          (error: unknown) =>
            waiter.failed(error instanceof OperatorError ? error : new SubgraphUnreachable(name, error)),
        );
      }),
  };
}
