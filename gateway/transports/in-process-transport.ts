import { OperatorError, SubgraphUnreachable, type SubgraphHandle } from '@inevitable/contract';
import { identityKey } from './identity-key.js';
import { shareSubscriptions } from './share-subscriptions.js';
import type { SubgraphTransport } from './subgraph-transport.js';
import { subscribeInProcess } from './subscribe-in-process.js';
import { TimeLimits } from './time-limits.js';
import { Waiter } from './waiter.js';

/**
 * A subgraph in this process: no socket, no JSON. No fetch is shared and none tried again, and a caller who leaves is
 * seen by the subgraph itself, which has the same context. Equal subscriptions are shared as those over sockets are.
 */
export function inProcessTransport(handle: SubgraphHandle): SubgraphTransport {
  const { name } = handle;
  const limits = new TimeLimits();
  return {
    name,
    subscriptions: shareSubscriptions(subscribeInProcess(handle), identityKey),
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
