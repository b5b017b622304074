import { addressKey, DeadlinePassed, type RequestContext } from '@inevitable/contract';
import {
  proceed,
  reject,
  type GatewayExtension,
  type OperationSeen,
  type Verdict,
} from '../../extensions/gateway-extension.js';
import { refusedForNow } from '../refused-for-now.js';
import { Compartment, type NoPlace } from './compartment.js';
import type { ConcurrencySettings } from './concurrency-settings.js';

/** Nobody waits longer: whoever is refused finds an empty queue then. */
const LONGEST_RETRY_SECONDS = 30;

/**
 * What one tenant asks for at once does not become what the others wait for: of the operations that run at once it has a
 * share, and beyond that its own wait for one another. Services of ours are not bounded, because they ask for people who
 * were.
 */
export function bulkheads(settings: ConcurrencySettings, now = () => performance.now()): GatewayExtension {
  const { operations, perTenant, anonymous, waiting, waitingPerTenant } = settings;
  const all = new Compartment({ slots: operations, places: waiting }, null, now);
  // As many addresses as somebody may have are one turn among the tenants'.
  const nobodys = new Compartment({ slots: anonymous, places: Math.ceil(waiting / 2) }, all, now);
  const ofOne = { slots: perTenant, places: waitingPerTenant };
  const tenants = new Map<string, Share>();
  const addresses = new Map<string, Share>();
  const running = new Map<OperationSeen, Share>();

  /** Null: not bounded. */
  function shareOf({ caller, tenant, client }: RequestContext): Share | null {
    if (caller.kind === 'service') return null;
    const [shares, key, within] = tenant ? [tenants, tenant.id, all] : [addresses, addressKey(client.address), nobodys];
    let share = shares.get(key);
    if (!share) shares.set(key, (share = { compartment: new Compartment(ofOne, within, now), shares, key }));
    return share;
  }

  /** Resolves with a slot taken, or what refuses it; rejects when its client has left. */
  function waitFor(share: Share, operation: OperationSeen): Promise<Verdict> {
    return new Promise((resolve, fail) => {
      const { signal } = operation.context;
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        running.set(operation, share);
        resolve(proceed);
      };
      const place = share.compartment.wait(enter);
      if (typeof place === 'string') {
        forget(share);
        return resolve(reject(tooMuch(place, share.compartment)));
      }
      const leave = (): void => {
        place.leave();
        // It was not run, which a caller whose deadline has passed would not know otherwise.
        const whose = share.compartment.running >= perTenant ? 'own' : 'shared';
        if (signal.reason instanceof DeadlinePassed) resolve(reject(tooMuch(whose, share.compartment)));
        else fail(signal.reason as Error);
        forget(share);
      };
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
    });
  }

  function tooMuch(taken: NoPlace, compartment: Compartment) {
    const [code, busy, message] =
      taken === 'own'
        ? ([
            'RATE_LIMITED',
            compartment,
            'Too many operations of yours are running and waiting. Ask for fewer at once.',
          ] as const)
        : (['OVERLOADED', all, 'Too many operations are waiting here.'] as const);
    const retryAfterSeconds = Math.min(LONGEST_RETRY_SECONDS, busy.drainMs() / 1_000);
    return refusedForNow({ code, message, retryAfterSeconds, details: { limit: 'concurrency' } });
  }

  return {
    name: 'bulkheads',
    contract: 1,

    onOperation(operation) {
      const share = shareOf(operation.context);
      if (!share) return proceed;
      if (!share.compartment.take()) return waitFor(share, operation);
      running.set(operation, share);
      return proceed;
    },

    onEnd(operation) {
      const share = running.get(operation);
      if (!share) return; // refused, or not bounded
      running.delete(operation);
      share.compartment.giveBack();
      forget(share);
    },
  };
}

interface Share {
  readonly compartment: Compartment;
  /** Where it is kept, and as what. */
  readonly shares: Map<string, Share>;
  readonly key: string;
}

/** There may be any number of tenants and addresses; only those of which something runs or waits are kept. */
function forget({ compartment, shares, key }: Share): void {
  if (compartment.running === 0 && compartment.waiting === 0) shares.delete(key);
}
