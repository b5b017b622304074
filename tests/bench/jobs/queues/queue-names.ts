import { readFile } from 'node:fs/promises';

/** Whose jobs they are. */
export const KINDS = ['ours', 'agenda'] as const;

export type Kind = (typeof KINDS)[number];

/** Where jobs are kept. */
export const STORAGES = ['postgresql', 'mongodb'] as const;

export type Storage = (typeof STORAGES)[number];

export const QUEUE_NAMES = ['ours', 'agenda', 'ours-mongodb', 'agenda-mongodb'] as const;

export type QueueName = (typeof QUEUE_NAMES)[number];

/** The name of each that is compared: those of one storage are beside each other. */
export const QUEUE_ON = {
  postgresql: { ours: 'ours', agenda: 'agenda' },
  mongodb: { ours: 'ours-mongodb', agenda: 'agenda-mongodb' },
} as const satisfies Record<Storage, Record<Kind, QueueName>>;

export const kindOf = (name: QueueName): Kind => (name === 'ours' || name === 'ours-mongodb' ? 'ours' : 'agenda');

export const storageOf = (name: QueueName): Storage =>
  name === 'ours' || name === 'agenda' ? 'postgresql' : 'mongodb';

/** From the folder this is compiled into. */
const BENCH = new URL('../../../../', import.meta.url);
const PACKAGE_OF = {
  ours: '../../subgraphs/kit/package.json',
  agenda: 'node_modules/agenda/package.json',
} as const satisfies Record<Kind, string>;

export async function versionOf(kind: Kind): Promise<string> {
  const text = await readFile(new URL(PACKAGE_OF[kind], BENCH), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
