import type { HealthReport } from '@inevitable/contract';
import { Gauge, type Registry } from 'prom-client';

/** Registers what `/ready` says of this process. */
export function readinessMetrics(registry: Registry, readiness: () => Promise<HealthReport>): void {
  new Gauge({
    name: 'stack_ready',
    help: 'What this process needs to serve: 1 where it is ready. It is asked for as /ready is.',
    labelNames: ['component'] as const,
    registers: [registry],
    async collect() {
      const { parts } = await readiness();
      this.reset();
      for (const { name, ready } of parts) this.set({ component: name }, Number(ready));
    },
  });
}
