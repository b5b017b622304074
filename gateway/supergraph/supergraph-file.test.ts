import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SchemaRegistryPort, SupergraphVersion } from '@inevitable/contract';
import { pino } from 'pino';
import { supergraphOf, TEST_SUPERGRAPH } from '../test-support/test-subgraphs.js';
import { supergraphFile, SupergraphFileUnusable, versionOf } from './supergraph-file.js';

const OTHER = supergraphOf({ other: 'type Query { other: Int }' });
const THIRD = supergraphOf({ third: 'type Query { third: Int }' });

let folder: string;
let file: string;
let lines: { msg: string; err: { message: string } }[];
const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
const stopping: (() => void)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'supergraph-'));
  file = join(folder, 'supergraph.graphql');
  lines = [];
  await writeFile(file, TEST_SUPERGRAPH);
});
afterEach(async () => {
  for (const stop of stopping.splice(0)) stop();
  await rm(folder, { recursive: true });
});

/** Every version it tells of, and a way to wait for one. */
function watched(registry: SchemaRegistryPort) {
  const told: SupergraphVersion[] = [];
  stopping.push(registry.watch!((version) => void told.push(version)));
  return {
    told,
    async until(sdl: string) {
      while (told.at(-1)?.sdl !== sdl) await new Promise(setImmediate);
    },
  };
}

describe('A version of a supergraph', () => {
  it('has the same id as another of equal text, and of no other', () => {
    expect(versionOf(OTHER)).toEqual({ id: expect.stringMatching(/^[0-9a-f]{64}$/), sdl: OTHER });
    expect(versionOf(OTHER).id).toBe(versionOf(`${OTHER}`).id);
    expect(versionOf(`${OTHER}\n`).id).not.toBe(versionOf(OTHER).id);
  });
});

describe('A supergraph file', () => {
  it('is read whenever somebody asks', async () => {
    const registry = await supergraphFile(file, log);
    expect(await registry.current()).toEqual(versionOf(TEST_SUPERGRAPH));
    await writeFile(file, OTHER);
    expect(await registry.current()).toEqual(versionOf(OTHER));
  });

  it.each([
    ['is missing', async () => rm(file), 'cannot be read (ENOENT).'],
    ['is a directory', async () => void (file = folder), 'cannot be read (EISDIR).'],
    ['is empty', () => writeFile(file, ''), 'is not a GraphQL schema'],
    [
      'is a plain schema',
      () => writeFile(file, 'type Query { one: Int }'),
      'is a schema without the enum join__Graph, so it was not composed of subgraphs.',
    ],
  ])('that %s is refused in one sentence that begins with its path', async (_what, spoil, reason) => {
    await spoil();
    const refused = await supergraphFile(file, log).catch((error: Error) => error);
    expect(refused).toBeInstanceOf(SupergraphFileUnusable);
    expect((refused as Error).message).toContain(`${file} ${reason}`);
  });

  it('tells of what is written to it, and of a file that is put in its place', async () => {
    const { until } = watched(await supergraphFile(file, log));
    await writeFile(file, OTHER);
    await until(OTHER);
    await writeFile(`${file}.next`, THIRD);
    await rename(`${file}.next`, file);
    await until(THIRD);
  });

  it('tells of what was written between its first reading and the watching', async () => {
    const registry = await supergraphFile(file, log);
    await registry.current();
    await writeFile(file, OTHER);
    await watched(registry).until(OTHER);
  });

  it('tells of what is no supergraph too, so that it can be said that it does not load', async () => {
    const { until } = watched(await supergraphFile(file, log));
    await writeFile(file, 'nonsense');
    await until('nonsense');
  });

  it('that was taken away is logged, told of as no version, and told of again when it is back', async () => {
    const { told, until } = watched(await supergraphFile(file, log));
    await until(TEST_SUPERGRAPH);
    await rm(file);
    while (lines.length === 0) await new Promise(setImmediate);
    expect(lines[0]).toMatchObject({
      msg: 'The gateway stays on the supergraph it has.',
      err: { message: `${file} cannot be read (ENOENT).` },
    });
    expect(told.map(({ sdl }) => sdl)).toEqual([TEST_SUPERGRAPH]);
    await writeFile(file, OTHER);
    await until(OTHER);
  });

  it('tells nothing more to who has stopped watching, not even what was just being read', async () => {
    const registry = await supergraphFile(file, log);
    const stopped: unknown[] = [];
    registry.watch!((version) => void stopped.push(version))(); // its first look is under way
    const other = watched(registry);
    await writeFile(file, OTHER);
    await other.until(OTHER);
    expect(stopped).toEqual([]);
  });
});
