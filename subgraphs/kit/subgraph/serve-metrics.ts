import { getHeapStatistics } from 'node:v8';
import Fastify from 'fastify';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { listen } from './serve-health.js';

export interface ServedMetrics {
  readonly registry: Registry;
  readonly url: string;
  close(): Promise<void>;
}

/**
 * `GET /metrics` (Prometheus text format) on a port of its own, because what it tells is for operators and not for
 * clients; the process's own figures are in it already. Throws `AddressUnavailable`.
 */
export async function serveMetrics(address: { readonly host: string; readonly port: number }): Promise<ServedMetrics> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'stack_heap_limit_bytes',
    help: 'The heap may not grow beyond it: the process is ended then.',
    registers: [registry],
  }).set(getHeapStatistics().heap_size_limit);
  const app = Fastify();
  app.get('/metrics', async (_request, reply) =>
    reply.header('content-type', registry.contentType).send(await registry.metrics()),
  );
  const url = await listen(app, address.host, address.port, 'METRICS_PORT');
  return { registry, url, close: () => app.close() };
}
