import { register } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Imports a module, and all that it imports from its own folder, as they are on the disk now. */
export type ImportFresh = (file: string) => Promise<unknown>;

/** A module that waits for something at its top level, for ever. Milliseconds. */
const LOADS_WITHIN_MS = 20_000;

/**
 * Lets the modules below these folders be loaded more than once. Once in a process. What was loaded before stays in memory
 * as long as the process lives: Node forgets no module.
 */
export function freshModules(folders: readonly string[]): ImportFresh {
  register('./fresh-modules-hook.js', import.meta.url, { data: folders.map((folder) => `${pathToFileURL(folder)}/`) });
  let version = 0;
  return async (file) => {
    version += 1;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const reason = `${file} did not load within ${LOADS_WITHIN_MS / 1_000} s: something at its top level does not end.`;
      timer = setTimeout(() => reject(new Error(reason)), LOADS_WITHIN_MS);
    });
    try {
      return await Promise.race([import(`${pathToFileURL(file).href}?v=${version}`), late]);
    } finally {
      clearTimeout(timer);
    }
  };
}
