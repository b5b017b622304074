import type { UsagePort } from '@inevitable/contract';
import { OperationTypeNode } from 'graphql';
import type { Logger } from 'pino';
import type { GatewayExtension, OperationSeen } from '../extensions/gateway-extension.js';
import { askedInVain } from './asked-in-vain.js';
import { ClientsSeen } from './clients-seen.js';
import { recordableOperations } from './recordable-operation.js';
import { UsageCounts, usageOf, type CountedUsage } from './usage-counts.js';

const FLUSH_EVERY_MS = 10_000;

export interface UsageOptions {
  readonly log: Logger;
  /** The share of requests that is counted, each for as many others: 0 to 1, 1 unless given. 0: nothing is recorded. */
  readonly sample?: number;
  /** Epoch milliseconds; tests set it. */
  readonly now?: () => number;
  /** 0 to 1, evenly; tests set it. */
  readonly random?: () => number;
}

/** The extension. Its owner closes it, when the gateway is closed and while the port still takes something. */
export interface UsageRecorder extends GatewayExtension {
  /** Leaves at the port what was counted; it does so by itself every 10 s. Never rejects. */
  flush(): Promise<void>;
  /** Leaves the rest there. What the port does not take then is lost. */
  close(): Promise<void>;
}

/**
 * Counts which operations are sent, by which clients, for tenants of which plan, and leaves that at the port. Nothing of
 * the tenant but the plan's name is in it, nothing of the user, and no value that is written into an operation or comes
 * in its variables. A request counts in memory and waits for nothing. Counted are operations that were answered, if only
 * by errors of their fields, and subscriptions that began; not what was refused before anything was fetched, not what asks
 * for nothing but the schema, and not what a caller of no tenant asked for in vain: being refused is no use of a field.
 * A subscription of no tenant begins with its first event: whether its subgraph lets the caller have it is not known before.
 */
export function recordUsage(
  port: UsagePort,
  { log, sample = 1, now = Date.now, random = Math.random }: UsageOptions,
): UsageRecorder {
  const clients = new ClientsSeen();
  let counts = new UsageCounts();
  let flushing: Promise<void> | null = null;
  /** Requests were not counted, and the port does not know that yet. */
  let isLeftOut = false;
  /** Whoever takes it could not, the last time. */
  let isAway = false;
  /** Subscriptions of no tenant, by their variables. */
  const begun = new WeakSet<OperationSeen['variables']>();

  function count(seen: OperationSeen, isError: boolean, durationMs: number): void {
    if (sample < 1 && random() >= sample) return;
    const operation = recordableOperations.of(seen);
    if (!operation) return;
    const { tenant } = seen.context;
    counts.add({
      operation,
      client: clients.of(seen.header, now(), tenant !== null),
      plan: tenant?.plan ?? null,
      variables: seen.variables,
      isError,
      durationMs,
    });
  }

  async function leaveAll(): Promise<void> {
    const leaving = counts;
    counts = new UsageCounts();
    if (leaving.dropped) {
      isLeftOut = true;
      log.warn(
        { requests: leaving.dropped },
        'Requests were not recorded: there were too many different operations and clients at once, or nobody took for ten minutes what was counted.',
      );
    }
    let isTaken = true;
    for (const batch of leaving.batches()) isTaken = await leave(batch);
    if (isLeftOut && isTaken) await leave([]); // there was nothing to tell it with
  }

  /** Answers whether the port took it. What it did not take waits for the next try. */
  async function leave(batch: readonly CountedUsage[]): Promise<boolean> {
    try {
      await port.record(
        batch.map((usage) => usageOf(usage, sample)),
        isLeftOut,
      );
      isLeftOut = isAway = false;
      return true;
    } catch (error) {
      if (!isAway) log.warn({ err: error }, 'What operations clients send could not be recorded. It is tried again.');
      isAway = true;
      for (const usage of batch) counts.restore(usage);
      return false;
    }
  }

  const flush = (): Promise<void> => (flushing ??= leaveAll().finally(() => (flushing = null)));
  const timer = sample > 0 ? setInterval(() => void flush(), FLUSH_EVERY_MS).unref() : undefined;

  return {
    name: 'record-usage',
    contract: 1,
    ...(sample > 0 && {
      onSubscription(operation) {
        if (operation.context.tenant) count(operation, false, 0);
      },
      onAnswer(answer) {
        const { operation, errors, durationMs } = answer;
        const isOfTenant = operation.context.tenant !== null;
        if (!isOfTenant && askedInVain(answer)) return undefined;
        if (operation.definition.operation !== OperationTypeNode.SUBSCRIPTION)
          count(operation, errors.length > 0, durationMs);
        else if (!isOfTenant && !begun.has(operation.variables)) {
          begun.add(operation.variables); // its other events are no requests
          count(operation, false, 0);
        }
        return undefined;
      },
    }),
    flush,
    async close() {
      clearInterval(timer);
      await flushing;
      await flush();
    },
  };
}
