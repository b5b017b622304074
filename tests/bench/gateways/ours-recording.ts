import type { OperationUsage } from '@inevitable/contract';
import { recordUsage } from '@inevitable/gateway';
import { givenSetup } from './gateway-setup.js';
import { log, serveOurs } from './serve-ours.js';

/** What is recorded is written as for operations, which is another process. */
const port = { record: async (batch: readonly OperationUsage[]) => void JSON.stringify({ batch }) };

await serveOurs(await givenSetup(), [recordUsage(port, { log })]);
