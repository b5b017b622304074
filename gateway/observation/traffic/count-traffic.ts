import { randomUUID } from 'node:crypto';
import { BadUserInput, type OutcomeCounts, type TrafficBatch, type TrafficPort } from '@inevitable/contract';
import type { Logger } from 'pino';
import type { GatewayExtension } from '../../extensions/gateway-extension.js';
import type { RequestSeen } from '../../extensions/request-seen.js';
import { recordableOperations } from '../../usage/recordable-operation.js';
import { TrafficCounts, wasRun } from './traffic-counts.js';

const FLUSH_EVERY_MS = 10_000;
const MINUTE_MS = 60_000;
/** Between two flushes there are two; more only where a clock is set. */
const MOST_MINUTES = 3;
/** Ten minutes of flushes: operations is back before that, or the oldest is lost. */
const MOST_UNTAKEN = 60;
/** Of all of them together, each with 5 KB at most. */
const MOST_UNTAKEN_OPERATIONS = 5_000;

/** The extension. Its owner closes it, when the gateway is closed and while the port still takes something. */
export interface TrafficCounter extends GatewayExtension {
  /** Leaves at the port what was counted; it does so by itself every 10 s. Never rejects. */
  flush(): Promise<void>;
  /** Leaves the rest there. What the port does not take then is lost. */
  close(): Promise<void>;
}

/**
 * Counts every GraphQL request, minute by minute: what became of it, how long it took, which operation it was, and what was
 * fetched for it. Nothing of a tenant, a person or a value is in it. A request counts in memory and waits for nothing.
 */
export function countTraffic(port: TrafficPort, log: Logger): TrafficCounter {
  const gateway = randomUUID();
  let counted = new Map<number, TrafficCounts>();
  /** The one that was counted in last, and is mostly the next one, too. */
  let last: TrafficCounts | null = null;
  /** The oldest first. */
  const untaken: TrafficBatch[] = [];
  let number = 0;
  /** Requests of which the port is to be told nothing more than how many they were. */
  let lost = 0;
  let isLosing = false;
  let isAway = false;
  let flushing: Promise<void> | null = null;

  function countsAt(minute: number): TrafficCounts {
    if (last?.minute === minute) return last;
    const known = counted.get(minute);
    if (known) return (last = known);
    if (last && counted.size >= MOST_MINUTES) return last;
    last = new TrafficCounts(minute);
    counted.set(minute, last);
    return last;
  }

  /** A signature is made for what was run alone: whoever is not has no work done for a document that nobody else sends. */
  const operationIn = (request: RequestSeen) => {
    const { operation } = request;
    return operation && (wasRun(request) ? recordableOperations.of(operation) : recordableOperations.known(operation));
  };

  function put(counts: Iterable<TrafficCounts>): void {
    const minutes = [...counts].map((one) => one.told());
    // That there was nothing is left, too: the gateway is there. It need not be left twice.
    if (minutes.length === 0 && lost === 0 && untaken.length > 0) return;
    number++;
    untaken.push({ gateway, number, lost, minutes });
    lost = 0;
    while (untaken.length > MOST_UNTAKEN || operationsIn(untaken) > MOST_UNTAKEN_OPERATIONS) {
      if (!isLosing) log.warn('For minutes nobody has taken what the gateway counted: the oldest of it is lost.');
      isLosing = true;
      lost += requestsIn(untaken.shift()!);
    }
  }

  async function leave(batch: TrafficBatch): Promise<void> {
    try {
      await port.record(batch);
    } catch (error) {
      if (!(error instanceof BadUserInput)) throw error;
      log.warn({ err: error }, 'Of what the gateway counted, some is nothing that operations takes. It is lost.');
      lost += requestsIn(batch);
    }
  }

  async function leaveAll(): Promise<void> {
    const leaving = counted;
    counted = new Map();
    last = null;
    put(leaving.values());
    try {
      while (untaken[0]) {
        await leave(untaken[0]);
        untaken.shift();
      }
      isAway = isLosing = false;
    } catch (error) {
      if (!isAway) log.warn({ err: error }, 'What the gateway counted was not taken. It is left again every 10 s.');
      isAway = true;
    }
  }

  const flush = (): Promise<void> => (flushing ??= leaveAll().finally(() => (flushing = null)));
  const timer = setInterval(() => void flush(), FLUSH_EVERY_MS).unref();

  return {
    name: 'count-traffic',
    contract: 1,
    onRequestEnd(request) {
      if (request.route !== 'graphql' && request.route !== 'websocket') return;
      const endedAt = request.startedAt + request.durationMs;
      countsAt(endedAt - (endedAt % MINUTE_MS)).add(request, operationIn(request));
    },
    flush,
    async close() {
      clearInterval(timer);
      await flushing;
      await flush();
    },
  };
}

const operationsIn = (batches: readonly TrafficBatch[]): number =>
  batches.reduce((sum, { minutes }) => sum + minutes.reduce((most, { operations }) => most + operations.length, 0), 0);

const requestsIn = ({ lost, minutes }: TrafficBatch): number =>
  lost + minutes.reduce((sum, { requests }) => sum + everyOutcome(requests), 0);

const everyOutcome = ({ answered, errors, refused, failed, left }: OutcomeCounts): number =>
  answered + errors + refused + failed + left;
