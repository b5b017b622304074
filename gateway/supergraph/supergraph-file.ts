import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { SchemaRegistryPort, SupergraphVersion } from '@inevitable/contract';
import type { Logger } from 'pino';
import { watchFiles } from '../background/watch-files.js';
import { NotASupergraph, readJoinGraphs } from './join-graph.js';

/** A file that is no supergraph, or cannot be read. The message is one sentence that begins with its path. */
export class SupergraphFileUnusable extends Error {}

export const versionOf = (sdl: string): SupergraphVersion => ({
  id: createHash('sha256').update(sdl).digest('hex'),
  sdl,
});

/**
 * A supergraph that was composed elsewhere; a gateway that runs takes over what is written to the file. Rejects with
 * `SupergraphFileUnusable`. What is written later is told of whatever it is: who watches has to say why it does not load.
 */
export async function supergraphFile(path: string, log: Logger): Promise<SchemaRegistryPort> {
  await readVersion(path); // a start fails on it, not the first request
  return {
    current: () => readVersion(path),
    watch: (onVersion) =>
      watchFiles([path], {
        read: () => readText(path),
        onRead: (sdl) => onVersion(versionOf(sdl)),
        onFailed: (error) => log.error({ err: error }, 'The gateway stays on the supergraph it has.'),
      }),
  };
}

const readText = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new SupergraphFileUnusable(`${path} cannot be read (${error.code}).`);
  });

async function readVersion(path: string): Promise<SupergraphVersion> {
  const sdl = await readText(path);
  try {
    readJoinGraphs(sdl);
  } catch (error) {
    if (error instanceof NotASupergraph) throw new SupergraphFileUnusable(`${path} ${error.message}.`);
    throw error;
  }
  return versionOf(sdl);
}
