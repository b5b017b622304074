import type { SubgraphText } from './read-subgraphs.js';

/** Where code frames come from (`Telling.readFile`): the texts of the subgraphs as they were read. Rejects for others. */
export function quotedText(subgraphs: readonly SubgraphText[]): (file: string) => Promise<string> {
  const texts = new Map(subgraphs.flatMap(({ file, sdl, outside }) => (outside ? [] : [[file, sdl] as const])));
  return async (file) => texts.get(file) ?? Promise.reject(new Error(`${file} is not quoted.`));
}
