import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { registeredMetrics } from '../support/registered-metrics.js';

describe('The table of metrics', () => {
  it('lists exactly the metrics of the stack’s own, with their labels', async () => {
    const page = await readFile('docs/operations.md', 'utf8');
    const rows = [...page.matchAll(/^\| `(stack_\w+)` +\| ([^|]*)\|/gm)].map(([, name, labels]) => [
      name,
      [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label),
    ]);
    const own = (await registeredMetrics()).filter(({ name }) => name.startsWith('stack_'));
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(own.map(({ name, labels }) => [name, labels])));
    expect(rows).toHaveLength(own.length);
  });
});
