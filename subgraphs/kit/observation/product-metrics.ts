import { ERROR_CODES } from '@inevitable/contract';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ProductDatabase } from '../database/index.js';

/** `answered`: with all that was asked for. `errors`: with some of the caller's, or refused. `failed`: some are ours. */
export type ProductOutcome = 'answered' | 'errors' | 'failed';

/** A GraphQL operation that a product answered, or a request to one of its routes. */
export interface ProductWork {
  readonly product: string;
  readonly type: 'query' | 'mutation' | 'subscription' | 'route';
  readonly outcome: ProductOutcome;
  readonly durationMs: number;
}

/** Told of what the products of this process do. */
export interface ProductObserver {
  answered(work: ProductWork): void;
  /** It is used from now on. */
  opened(database: ProductDatabase): void;
}

/** Seconds: up to what the gateway waits for. */
const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Registers what Prometheus is told of products. Labels are products, which code declares. */
export function productMetrics(registry: Registry): ProductObserver {
  const registers = [registry];
  const operations = new Counter({
    name: 'stack_product_operations_total',
    help: 'Operations and requests to routes that products answered; "errors": the caller\'s, "failed": ours.',
    labelNames: ['product', 'type', 'outcome'] as const,
    registers,
  });
  const durations = new Histogram({
    name: 'stack_product_operation_duration_seconds',
    help: 'How long products took to answer.',
    labelNames: ['product'] as const,
    buckets: DURATIONS,
    registers,
  });
  const databases = new Map<string, ProductDatabase>();
  new Gauge({
    name: 'stack_database_connections',
    help: 'Connections of a product to its database, of those that this process may have.',
    labelNames: ['product', 'state'] as const,
    registers,
    collect() {
      for (const [product, database] of databases) {
        const { used, idle } = database.connections;
        this.set({ product, state: 'used' }, used);
        this.set({ product, state: 'idle' }, idle);
      }
    },
  });
  new Gauge({
    name: 'stack_database_waiting',
    help: 'Statements and transactions of a product that wait for a connection.',
    labelNames: ['product'] as const,
    registers,
    collect() {
      for (const [product, { connections }] of databases) this.set({ product }, connections.waiting);
    },
  });

  return {
    answered({ product, type, outcome, durationMs }) {
      operations.inc({ product, type, outcome });
      durations.observe({ product }, durationMs / 1_000);
    },
    opened: (database) => void databases.set(database.product, database),
  };
}

/** Of an operation whose caller is told of errors with these codes. */
export const outcomeOf = (codes: readonly unknown[]): ProductOutcome =>
  codes.length === 0 ? 'answered' : codes.some(isOurs) ? 'failed' : 'errors';

/** Of an answer with this status. */
export const outcomeOfStatus = (status: number): ProductOutcome =>
  status < 400 ? 'answered' : status < 500 ? 'errors' : 'failed';

const isOurs = (code: unknown): boolean =>
  typeof code === 'string' &&
  Object.hasOwn(ERROR_CODES, code) &&
  ERROR_CODES[code as keyof typeof ERROR_CODES].status >= 500;
