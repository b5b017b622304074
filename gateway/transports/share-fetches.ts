import type { RequestContext } from '@inevitable/contract';
import { FetchesUnderWay } from './fetches-under-way.js';
import { SharedFetch, type StartCall } from './shared-fetch.js';
import type { SubgraphFetch, SubgraphTransport } from './subgraph-transport.js';
import type { TimeLimits } from './time-limits.js';
import { Waiter } from './waiter.js';

export interface SharingOptions {
  readonly subgraph: string;
  readonly limits: TimeLimits;
  /** All that the subgraph is told about the caller. */
  readonly identityOf: (context: RequestContext) => string;
  readonly start: StartCall;
}

/**
 * Sends a fetch once, however many equal ones are asked for while it is under way: queries with one body and the same
 * headers of extensions, by callers whom the subgraph cannot tell apart. On the rest it is told (request id, trace, time
 * left) no answer may depend. Each caller waits by its own signal and deadline.
 */
export function shareFetches(options: SharingOptions): SubgraphTransport['send'] {
  const underWay = new FetchesUnderWay();
  // No line break stands in JSON, so no identity and headers together read as another identity.
  const identityOf = ({ headers }: SubgraphFetch, context: RequestContext): string =>
    headers ? `${options.identityOf(context)}\n${JSON.stringify(headers)}` : options.identityOf(context);

  return (fetch, context, signal) =>
    new Promise((resolve, reject) => {
      const waiter = new Waiter(options.subgraph, context, signal, options.limits, resolve, reject);
      if (!waiter.isThere()) return;
      if (fetch.kind === 'mutation') return new SharedFetch(fetch, '', options, null).begin(waiter);
      const identity = identityOf(fetch, context);
      const same = underWay.find(fetch.body, identity);
      if (same) return same.join(waiter);
      const own = new SharedFetch(fetch, identity, options, underWay);
      underWay.add(own);
      own.begin(waiter);
    });
}
