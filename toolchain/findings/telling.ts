import { readFile } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { Finding, Place } from './finding.js';

/** How findings are to be told. */
export interface Telling {
  /** Colours are for text only. */
  readonly colours: boolean;
  /** The project's folder: files in it are named relative to it. Absolute. */
  readonly root: string;
  /** What was done, as a heading of JUnit and Markdown: `stack compose`. */
  readonly title?: string;
  /**
   * The text that was judged, for code frames: what is on the disk may have changed meanwhile, and a schema that came
   * from a URL is in no file. Gets `Place.file`. Rejects where there is no such text. Unless given, it reads the disk.
   */
  readonly readFile?: (file: string) => Promise<string>;
}

/** Where a place of a schema that was fetched is: its URL stands where a file's name would. */
export const isUrl = (file: string): boolean => /^https?:\/\//.test(file);

/** As people and CI systems know it: relative to the root, with `/`. What lies elsewhere keeps its full name. */
export function shownFile(file: string, root: string): string {
  if (isUrl(file)) return file;
  const inside = relative(root, resolve(root, file));
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return file;
  return inside.split(sep).join('/');
}

/** `schema.graphql:3:5`, which terminals and editors open. */
export function shownPlace({ file, line, column }: Place, root: string): string {
  const numbers = line === undefined ? [] : column === undefined ? [line] : [line, column];
  return [shownFile(file, root), ...numbers].join(':');
}

/** The text a place is in, or null: it cannot be read, and then there is no frame. */
export async function textOf({ file }: Place, { root, readFile: read = readText }: Telling): Promise<string | null> {
  try {
    return await read(isUrl(file) ? file : resolve(root, file));
  } catch {
    return null;
  }
}

const readText = (file: string): Promise<string> => {
  if (isUrl(file)) return Promise.reject(new Error(`${file} is no file.`));
  return readFile(file, 'utf8');
};

/** C0, DEL and C1, but for tab and line breaks; marks of the direction of writing; what XML 1.0 cannot say beside them. */
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g;

/**
 * Messages quote schemas, operations and clients, and these may come from elsewhere. What would move a terminal's cursor,
 * colour its text or turn it round is shown as U+FFFD. What the runner of a CI system obeys wherever it is printed is
 * broken by a zero-width space: `##[` anywhere, and `::` where a line begins (actions/runner, ActionCommand.cs); `##vso[`
 * of Azure Pipelines, `##teamcity[`.
 */
export const withoutControls = (text: string): string =>
  text
    .replace(/\r\n?/g, '\n')
    .replace(CONTROLS, '\ufffd')
    .replace(/##(?=\w*\[)/g, '##\u200b')
    .replace(/^(\s*):(?=:)/gm, '$1:\u200b');

/** What comes after the message: the other places, the details and the repair, a line each. */
export const furtherLines = ({ alsoAt = [], details = [], repair }: Finding, root: string): readonly string[] => [
  ...alsoAt.map((place) => `also at ${shownPlace(place, root)}`),
  ...details.map((detail) => `- ${detail}`),
  ...(repair === undefined ? [] : [`→ ${repair}`]),
];
