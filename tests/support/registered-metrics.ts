import { gatewayGauges, requestMetrics } from '@inevitable/gateway';
import {
  jobMetrics,
  outboxMetrics,
  productMetrics,
  readinessMetrics,
  securityEvents,
  serveMetrics,
} from '@inevitable/kit/host';
import { pino } from 'pino';

export interface RegisteredMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly labels: readonly string[];
}

const unasked = (): Promise<never> => Promise.reject(new Error('Nobody reads these metrics.'));

/** Every metric that a part of the stack tells of: what each registers, in one registry as where all are one process. */
export async function registeredMetrics(): Promise<readonly RegisteredMetric[]> {
  const { registry, close } = await serveMetrics({ host: '127.0.0.1', port: 0 });
  await close();
  securityEvents(pino({ level: 'silent' }), registry);
  jobMetrics(registry, () => null);
  outboxMetrics(registry, unasked);
  productMetrics(registry);
  requestMetrics(registry);
  gatewayGauges(registry, unasked);
  readinessMetrics(registry, unasked);
  return registry.getMetricsAsArray().map((metric) => {
    const { type, labelNames } = metric as unknown as { type: RegisteredMetric['type']; labelNames: string[] };
    return { name: metric.name, type, labels: labelNames };
  });
}
