import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { z } from 'zod';

/** One file of the page, in memory. */
export interface ConsoleFile {
  readonly type: string;
  readonly body: Buffer;
  /** As in the header. */
  readonly etag: string;
}

/** `console.json`: which of the files are what. */
const names = z.object({
  script: z.string(),
  styles: z.array(z.string()),
  workers: z.record(z.string(), z.string()),
});
export type ConsoleNames = Readonly<z.output<typeof names>>;

export interface ConsoleFiles {
  readonly names: ConsoleNames;
  readonly byName: ReadonlyMap<string, ConsoleFile>;
}

/** Everything else that a bundler may leave in the folder is not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.ttf': 'font/ttf',
  '.woff2': 'font/woff2',
};

/** Reads what was bundled for the page: some megabytes. Rejects when the folder or its `console.json` cannot be read. */
export async function readConsoleFiles(folder: string): Promise<ConsoleFiles> {
  const described = names.parse(JSON.parse(await readFile(join(folder, 'console.json'), 'utf8')));
  const byName = new Map<string, ConsoleFile>();
  for (const name of await readdir(folder)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const body = await readFile(join(folder, name));
    byName.set(name, { type, body, etag: etagOf(body) });
  }
  return { names: described, byName };
}

export const etagOf = (body: Buffer | string): string =>
  `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
