import type { UsagePort } from '@inevitable/contract';
import { OperationTypeNode } from 'graphql';
import type { Logger } from 'pino';
import type { GatewayExtension, OperationSeen } from '../extensions/gateway-extension.js';
import { ClientsSeen } from './clients-seen.js';
import { RecordableOperations } from './recordable-operation.js';
import { UsageCounts, usageOf } from './usage-counts.js';
import { wasRefused } from './was-refused.js';

const FLUSH_EVERY_MS = 10_000;
const HOUR_MS = 3_600_000;

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
 */
export function recordUsage(
  port: UsagePort,
  { log, sample = 1, now = Date.now, random = Math.random }: UsageOptions,
): UsageRecorder {
  const operations = new RecordableOperations();
  const clients = new ClientsSeen();
  let counts = new UsageCounts();
  let flushing: Promise<void> | null = null;

  function count(seen: OperationSeen, isError: boolean, durationMs: number): void {
    if (sample < 1 && random() >= sample) return;
    const operation = operations.of(seen);
    if (!operation) return;
    const time = now();
    counts.add({
      operation,
      client: clients.of(seen.header, time - (time % HOUR_MS)),
      plan: seen.context.tenant?.plan ?? null,
      variables: seen.variables,
      isError,
      durationMs,
    });
  }

  async function leaveAll(): Promise<void> {
    const leaving = counts;
    counts = new UsageCounts();
    if (leaving.dropped)
      log.warn(
        { requests: leaving.dropped },
        'Requests were not recorded: there were too many different operations and clients at once, or nobody took for ten minutes what was counted.',
      );
    for (const batch of leaving.batches()) {
      try {
        await port.record(batch.map((usage) => usageOf(usage, sample)));
      } catch (error) {
        log.warn({ err: error, entries: batch.length }, 'What operations clients send could not be recorded.');
        for (const usage of batch) counts.restore(usage);
      }
    }
  }

  const flush = (): Promise<void> => (flushing ??= leaveAll().finally(() => (flushing = null)));
  const timer = sample > 0 ? setInterval(() => void flush(), FLUSH_EVERY_MS).unref() : undefined;

  return {
    name: 'record-usage',
    contract: 1,
    ...(sample > 0 && {
      onSubscription: (operation) => count(operation, false, 0),
      onAnswer(answer) {
        const { operation, errors, durationMs } = answer;
        // Once, when it began: its events are no requests.
        if (operation.definition.operation === OperationTypeNode.SUBSCRIPTION) return undefined;
        if (operation.context.tenant || !wasRefused(answer)) count(operation, errors.length > 0, durationMs);
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
