import { readFile } from 'node:fs/promises';

export const QUEUE_NAMES = ['ours', 'agenda'] as const;

export type QueueName = (typeof QUEUE_NAMES)[number];

/** From the folder this is compiled into. */
const BENCH = new URL('../../../../', import.meta.url);
const PACKAGE_OF = {
  ours: '../../subgraphs/kit/package.json',
  agenda: 'node_modules/agenda/package.json',
} as const satisfies Record<QueueName, string>;

export async function versionOf(name: QueueName): Promise<string> {
  const text = await readFile(new URL(PACKAGE_OF[name], BENCH), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
