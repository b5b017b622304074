import type { SecurityEventSink } from '@inevitable/contract';
import { securityEvents, serveMetrics, type ServedMetrics } from '@inevitable/kit/host';
import type { Logger } from 'pino';
import type { Settings } from '../settings/settings.js';
import type { Closers } from './closers.js';

/** Who is told of what happens in this process. */
export interface Observation {
  /** What Prometheus reads; null: METRICS_PORT is not set. */
  readonly registry: ServedMetrics['registry'] | null;
  readonly securityEvent: SecurityEventSink;
}

/** Serves the metrics of this process where METRICS_PORT is set: one registry for all that it counts. Throws `AddressUnavailable`. */
export async function openObservation(settings: Settings, closers: Closers, log: Logger): Promise<Observation> {
  const { host, metricsPort: port } = settings;
  const metrics = port === undefined ? null : await serveMetrics({ host, port });
  if (metrics) closers.add('metrics', () => metrics.close());
  const registry = metrics && metrics.registry;
  return { registry, securityEvent: securityEvents(log, registry) };
}
