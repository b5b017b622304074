import type { SecurityEventSink } from '@inevitable/contract';
import {
  productMetrics,
  securityEvents,
  serveMetrics,
  type ProductObserver,
  type ServedMetrics,
} from '@inevitable/kit/host';
import type { Logger } from 'pino';
import type { Settings } from '../settings/settings.js';
import type { Closers } from './closers.js';
import { securityLogOf } from './security-log.js';
import { openTraces, type Traces } from './traces.js';

/** Who is told of what happens in this process. */
export interface Observation {
  /** What Prometheus reads; null: METRICS_PORT is not set. */
  readonly registry: ServedMetrics['registry'] | null;
  readonly securityEvent: SecurityEventSink;
  /** Undefined: METRICS_PORT is not set. */
  readonly products: ProductObserver | undefined;
  /** Null: no collector is configured. */
  readonly traces: Traces | null;
}

/**
 * Serves the metrics of this process where METRICS_PORT is set: one registry for all that it counts; and sends spans where a
 * collector is configured. Throws `AddressUnavailable`, and `BadSetting` for a SECURITY_LOG that cannot be
 * written.
 */
export async function openObservation(
  part: string,
  settings: Settings,
  closers: Closers,
  log: Logger,
): Promise<Observation> {
  const traces = await openTraces(settings, `inevitable-${part}`, closers, log); // ends after all that makes spans
  const { host, metricsPort: port } = settings;
  const metrics = port === undefined ? null : await serveMetrics({ host, port });
  if (metrics) closers.add('metrics', () => metrics.close());
  const registry = metrics && metrics.registry;
  const securityEvent = securityEvents(securityLogOf(settings, log), registry);
  return { registry, securityEvent, products: registry ? productMetrics(registry) : undefined, traces };
}
