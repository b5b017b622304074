import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readOperationFiles } from './read-operation-files.js';

let folder: string;

const FILES: Readonly<Record<string, string>> = {
  'app/notes.graphql': 'query Notes { notes { ...Note } }\n\nmutation Drop { drop { ...Note } }',
  'app/note.gql':
    'fragment Note on Note { id ...Who }\nfragment Who on Note { author }\nfragment Unused on Note { id }',
  'app/deep/own.graphql': 'query Own { notes { ...Who } } fragment Who on Note { editor }',
  'app/node_modules/other.graphql': 'query Other { a }',
  'app/.cache/hidden.graphql': 'query Hidden { a }',
  'app/readme.md': '# none',
  'two/a.graphql': 'fragment Who on Note { id }',
  'two/b.graphql': 'fragment Who on Note { author }',
  'two/c.graphql': 'query C { notes { ...Who } }',
  'broken.graphql': 'query Broken {\n  a(',
  'manifest.json': JSON.stringify({
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: [
      { id: '1', name: 'First', type: 'query', body: 'query First { a }' },
      { id: '2', name: 'Second', type: 'query', body: 'query Second { ...F } fragment F on Query { b }' },
    ],
  }),
  'other.json': '{"operations": {}}',
  'half.json': '{',
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'operations-'));
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const read = async (...paths: string[]) =>
  (await readOperationFiles(paths, folder)).map(({ name, place }) => [
    name,
    `${place!.file.slice(folder.length + 1)}${place!.line === undefined ? '' : `:${place!.line}`}`,
  ]);

describe('Operation files', () => {
  it('are named by themselves, by their folder or by a pattern, each once', async () => {
    const notes = [
      ['Notes', 'app/notes.graphql:1'],
      ['Drop', 'app/notes.graphql:3'],
    ];
    const own = [['Own', 'app/deep/own.graphql:1']];

    expect(await read('app')).toEqual([...own, ...notes]);
    expect(await read('app/notes.graphql', 'app/*.gql')).toEqual(notes);
    expect(await read('app/**/*.{graphql,gql}', 'app/notes.graphql')).toEqual([...own, ...notes]);
    expect(await read('app/**/o?n.graphql', 'app/note.gql')).toEqual(own);
    expect(await read(join(folder, 'app', '*.g*'))).toEqual(notes);
    expect(await read('manifest.json')).toEqual([
      ['First', 'manifest.json'],
      ['Second', 'manifest.json'],
    ]);
  });

  it('use the fragments of other files, their own first, and no others', async () => {
    const operations = await readOperationFiles(['app'], folder);

    expect(operations.map(({ document }) => document.replaceAll(/\s+/g, ' '))).toEqual([
      'query Own { notes { ...Who } } fragment Who on Note { editor }',
      'query Notes { notes { ...Note } } fragment Note on Note { id ...Who } fragment Who on Note { author }',
      'mutation Drop { drop { ...Note } } fragment Note on Note { id ...Who } fragment Who on Note { author }',
    ]);
  });

  it('are at most 10,000, found among at most 100,000 files and folders', async () => {
    const within = (limits: { files: number; entries: number }) =>
      readOperationFiles(['app', 'two/a.graphql'], folder, limits);

    expect(await within({ files: 4, entries: 7 })).toHaveLength(3);
    await expect(within({ files: 3, entries: 7 })).rejects.toThrow(
      '--operations two/a.graphql leads to more than 3 files: name a narrower folder or pattern.',
    );
    await expect(within({ files: 4, entries: 6 })).rejects.toThrow(
      '--operations app leads to more than 6 files and folders: name a narrower folder or pattern.',
    );
  });

  it('are not looked for behind links, which may lead in a circle', async () => {
    await mkdir(join(folder, 'circle'));
    await symlink('.', join(folder, 'circle/again'));
    await symlink('../app/notes.graphql', join(folder, 'circle/linked.graphql'));

    await expect(read('circle')).rejects.toThrow('--operations circle names no file.');
    await expect(read('circle/**/*.graphql')).rejects.toThrow('--operations circle/**/*.graphql names no file.');
  });

  it.each([
    ['nowhere/*.graphql', '--operations nowhere/*.graphql names no file.'],
    ['nowhere.graphql', '--operations nowhere.graphql names no file.'],
    ['app/readme.md', '--operations app/readme.md is neither a .graphql nor a .json file.'],
    ['broken.graphql', '/broken.graphql:2:5 is not valid GraphQL: Syntax Error: Expected Name, found <EOF>.'],
    ['half.json', /half\.json is not valid JSON: /],
    ['other.json', /other\.json is no persisted-query manifest: it needs "format"/],
    ['two', '/two/c.graphql uses fragment "Who", and several files define it differently: rename one of them.'],
  ])('that cannot be used are told in one sentence: %s', async (path, sentence) => {
    await expect(read(path)).rejects.toThrow(sentence);
  });
});
