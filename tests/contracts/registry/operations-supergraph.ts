import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { composeSupergraph } from '@inevitable/gateway';
import { completeSchemaText } from '@inevitable/kit/host';

/** The supergraph of operations alone. */
export async function operationsSupergraph(): Promise<string> {
  const file = fileURLToPath(new URL('../../../subgraphs/operations/schema.graphql', import.meta.url));
  const sdl = completeSchemaText(await readFile(file, 'utf8'), file);
  const composed = composeSupergraph([{ name: 'operations', routingUrl: 'http://operations.test/graphql', sdl }]);
  if (composed.kind !== 'composed') throw new Error(composed.errors.map(({ message }) => message).join('\n'));
  return composed.sdl;
}
