import { addressKey, DeadlinePassed, type RequestContext } from '@inevitable/contract';
import {
  proceed,
  reject,
  type GatewayExtension,
  type OperationSeen,
  type Verdict,
} from '../../extensions/gateway-extension.js';
import { OperationNotes } from '../../extensions/operation-notes.js';
import { refusedForNow } from '../refused-for-now.js';
import { Compartment, type NoPlace } from './compartment.js';
import type { ConcurrencySettings } from './concurrency-settings.js';

/** Nobody waits longer: whoever is refused finds an empty queue then. */
const LONGEST_RETRY_SECONDS = 30;

export interface BulkheadsMeasured {
  /** Of how many may. */
  readonly running: number;
  readonly slots: number;
  readonly waiting: number;
  /** Since the start, by whose places were taken: those of one tenant or address, or those of all. */
  readonly refused: Readonly<Record<NoPlace, number>>;
}

export interface Bulkheads extends GatewayExtension {
  measured(): BulkheadsMeasured;
}

/**
 * What one tenant asks for at once does not become what the others wait for: of the operations that run at once it has a
 * share, and beyond that its own wait for one another. Services of ours are not bounded, because they ask for people who
 * were.
 */
export function bulkheads(settings: ConcurrencySettings, now = () => performance.now()): Bulkheads {
  const { operations, perTenant, anonymous, waiting, waitingPerTenant } = settings;
  const all = new Compartment({ slots: operations, places: waiting }, null, now);
  // As many addresses as somebody may have are one turn among the tenants'.
  const nobodys = new Compartment({ slots: anonymous, places: Math.ceil(waiting / 2) }, all, now);
  const ofOne = { slots: perTenant, places: waitingPerTenant };
  const tenants = new Shares(() => new Compartment(ofOne, all, now));
  const addresses = new Shares(() => new Compartment(ofOne, nobodys, now));
  const running = new OperationNotes<Compartment>();
  const refused = { own: 0, shared: 0 };

  /** Null: not bounded. */
  function shareOf({ caller, tenant, client }: RequestContext): Compartment | null {
    if (caller.kind === 'service') return null;
    return tenant ? tenants.of(tenant.id) : addresses.of(addressKey(client.address));
  }

  /** Resolves with a slot taken, or what refuses it; rejects when its client has left. */
  function waitFor(share: Compartment, operation: OperationSeen): Promise<Verdict> {
    return new Promise((resolve, fail) => {
      const { signal } = operation.context;
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        running.set(operation, share);
        resolve(proceed);
      };
      const place = share.wait(enter);
      if (typeof place === 'string') {
        return resolve(reject(tooMuch(place, share)));
      }
      const leave = (): void => {
        place.leave();
        // It was not run, which a caller whose deadline has passed would not know otherwise.
        const whose = share.running >= perTenant ? 'own' : 'shared';
        if (signal.reason instanceof DeadlinePassed) resolve(reject(tooMuch(whose, share)));
        else fail(signal.reason as Error);
      };
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
    });
  }

  function tooMuch(taken: NoPlace, compartment: Compartment) {
    refused[taken]++;
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
      if (!share.take()) return waitFor(share, operation);
      running.set(operation, share);
      return proceed;
    },

    onEnd(operation) {
      running.take(operation)?.giveBack(); // not of one that was refused, or is not bounded
    },

    measured: () => ({ running: all.running, slots: operations, waiting: all.waiting, refused }),
  };
}

/** So many of which nothing runs or waits are kept: one that is made anew with each operation costs more than it holds. */
const KEPT_IDLE = 1_000;

/** There may be any number of tenants and addresses, of which few ask at a time. */
class Shares {
  readonly #byKey = new Map<string, Compartment>();
  readonly #make: () => Compartment;
  #sweepAt = KEPT_IDLE;

  constructor(make: () => Compartment) {
    this.#make = make;
  }

  of(key: string): Compartment {
    let share = this.#byKey.get(key);
    if (!share) {
      if (this.#byKey.size >= this.#sweepAt) this.#sweep();
      this.#byKey.set(key, (share = this.#make()));
    }
    return share;
  }

  /** All at once, and not before there are twice as many as are in use: a `Map` that entries leave with each request is slow. */
  #sweep(): void {
    for (const [key, { running, waiting }] of this.#byKey) if (running === 0 && waiting === 0) this.#byKey.delete(key);
    this.#sweepAt = KEPT_IDLE + 2 * this.#byKey.size;
  }
}
