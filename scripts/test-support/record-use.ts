import { createHash } from 'node:crypto';
import type { UsagePort } from '@inevitable/contract';
import type { OpenRegistry } from '../parts/schema-commands/open-registry.js';

const HOUR_MS = 3_600_000;

/** As a gateway counts: the client "web" 1.2 sent the operation 7 times within this hour. The registry is the database's own. */
export async function recordUse(
  { usage }: Pick<OpenRegistry, 'usage'>,
  operationName: string,
  document: string,
): Promise<void> {
  await (usage as OpenRegistry['usage'] & UsagePort).record([
    {
      signature: createHash('sha256').update(document).digest('hex'),
      operationName,
      document,
      inputs: [],
      client: { name: 'web', version: '1.2' },
      plan: 'pro',
      hour: Math.floor(Date.now() / HOUR_MS) * HOUR_MS,
      count: 7,
      errors: 0,
      totalMs: 70,
    },
  ]);
}
