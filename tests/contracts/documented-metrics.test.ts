import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { jobMetrics, securityEvents, serveMetrics } from '@inevitable/kit/host';
import { pino } from 'pino';

describe('The table of metrics', () => {
  it('lists exactly the metrics of the stack’s own, with their labels', async () => {
    const page = await readFile('docs/operations.md', 'utf8');
    const rows = [...page.matchAll(/^\| `(stack_\w+)` +\| ([^|]*)\|/gm)].map(([, name, labels]) => [
      name,
      [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label),
    ]);
    const { registry, close } = await serveMetrics({ host: '127.0.0.1', port: 0 });
    try {
      securityEvents(pino({ level: 'silent' }), registry);
      jobMetrics(registry, () => null);
      const registered = registry
        .getMetricsAsArray()
        .filter(({ name }) => name.startsWith('stack_'))
        .map((metric) => [metric.name, (metric as unknown as { labelNames: string[] }).labelNames]);
      expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(registered));
      expect(rows).toHaveLength(registered.length);
    } finally {
      await close();
    }
  });
});
