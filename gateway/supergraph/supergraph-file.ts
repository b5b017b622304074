import { createHash } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { SchemaRegistryPort, SupergraphVersion } from '@inevitable/contract';
import type { Logger } from 'pino';
import { NotASupergraph, readJoinGraphs } from './join-graph.js';

/** By polling, which also sees a file that was replaced, or that lies on a mounted volume. */
const LOOK_EVERY_MS = 500;

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
    watch(onVersion) {
      let looks = 0;
      const look = (): void => {
        const mine = ++looks; // a slower look than the next one, or than the end, has nothing to tell any more
        readText(path).then(
          (sdl) => {
            if (mine === looks) onVersion(versionOf(sdl));
          },
          (error: unknown) => {
            if (mine === looks) log.error({ err: error }, 'The gateway stays on the supergraph it has.');
          },
        );
      };
      watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, look);
      look(); // the file may have been written since it was read for the start
      return () => {
        looks++;
        unwatchFile(path, look);
      };
    },
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
