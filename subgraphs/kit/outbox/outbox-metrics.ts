import { Counter, Gauge, type Registry } from 'prom-client';
import { askedOnce } from '../observation/asked-once.js';

/** What is in the outbox of one product, and how its relay in this process fares. */
export interface OutboxMeasured {
  readonly product: string;
  /** 10,000 at most. */
  readonly unsent: number;
  /** How long the oldest of them has waited; 0: there is none. */
  readonly oldestMs: number;
  /** Passes of this relay that failed, and records that it set aside because they were refused. */
  readonly failures: number;
  readonly refused: number;
}

/** Registers what Prometheus is told of outboxes. `measured`: null until the worker runs, or while it cannot tell. */
export function outboxMetrics(registry: Registry, measured: () => Promise<readonly OutboxMeasured[] | null>): void {
  const registers = [registry];
  const labelNames = ['product'] as const;
  const ask = askedOnce(() => measured().catch(() => null)); // what was told last stands meanwhile

  const gauge = (name: string, help: string, value: (outbox: OutboxMeasured) => number): void =>
    void new Gauge({
      name,
      help,
      labelNames,
      registers,
      async collect() {
        for (const outbox of (await ask()) ?? []) this.set({ product: outbox.product }, value(outbox));
      },
    });
  const counter = (name: string, help: string, value: (outbox: OutboxMeasured) => number): void => {
    const before = new Map<string, number>();
    new Counter({
      name,
      help,
      labelNames,
      registers,
      async collect() {
        for (const outbox of (await ask()) ?? []) {
          const { product } = outbox;
          this.inc({ product }, value(outbox) - (before.get(product) ?? 0));
          before.set(product, value(outbox));
        }
      },
    });
  };

  gauge(
    'stack_outbox_unsent',
    'Committed events, jobs and records of the audit that are not handed over yet, 10,000 at most.',
    ({ unsent }) => unsent,
  );
  gauge(
    'stack_outbox_oldest_unsent_seconds',
    'How long the oldest of them has waited.',
    ({ oldestMs }) => oldestMs / 1_000,
  );
  counter(
    'stack_outbox_relay_failures_total',
    'Passes in which this worker could not hand over what it found.',
    ({ failures }) => failures,
  );
  counter(
    'stack_outbox_refused_total',
    'Records that this worker set aside, because the store or the audit will never take them.',
    ({ refused }) => refused,
  );
}
