import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCommand } from '../test-support/run-command.js';
import { writeFiles } from '../test-support/write-files.js';
import { documentsCommand } from './documents.js';

const SCHEMA =
  'type Query { note(id: ID!): Note }\ntype Mutation { drop(id: ID!): Note }\ntype Note { id: ID! text: String }\n';
const NOTES = `# A screen.
query Notes($id: ID!) {
  note(id: $id) { ...Text }
}
mutation Drop($id: ID!) { drop(id: $id) { id } }
`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'documents-'));
  await writeFiles(folder, {
    'supergraph.yaml':
      'subgraphs:\n  notes: { routing_url: "http://notes.test/graphql", schema: { file: notes.graphql } }\n',
    'notes.graphql': SCHEMA,
    'src/notes.graphql': NOTES,
    'src/text.graphql': 'fragment Text on Note { text }',
  });
});
afterEach(() => rm(folder, { recursive: true }));

const documents = (...args: string[]) =>
  runCommand([documentsCommand], { root: folder, env: { SUPERGRAPH_CONFIG: join(folder, 'supergraph.yaml') } }, [
    'documents',
    ...args,
  ]);
const written = (): Promise<string> => readFile(join(folder, 'documents.json'), 'utf8');
const OUTPUT = ['--operations', './src', '--output', './documents.json'];

describe('stack documents', () => {
  it('lists each operation with its fragments by its name, and the same from other files', async () => {
    const { exitCode, printed, complained } = await documents('--operations', './src');
    expect([exitCode, complained]).toEqual([0, '']);
    const listed = (name: string, type: string, body: string) => ({
      id: createHash('sha256').update(body).digest('hex'),
      name,
      type,
      body,
    });
    expect(JSON.parse(printed)).toEqual({
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: [
        listed('Drop', 'mutation', 'mutation Drop($id: ID!) {\n  drop(id: $id) {\n    id\n  }\n}'),
        listed(
          'Notes',
          'query',
          'query Notes($id: ID!) {\n  note(id: $id) {\n    ...Text\n  }\n}\n\nfragment Text on Note {\n  text\n}',
        ),
      ],
    });
    await writeFiles(folder, { 'other/a.graphql': `fragment Text on Note{text} ${NOTES}` });
    expect((await documents('--operations', './other')).printed).toBe(printed);
  });

  it('adds __typename as Apollo Client does, where that is asked for', async () => {
    const { printed } = await documents('--operations', './src', '--typenames');
    expect(printed).toContain('drop(id: $id) {\\n    id\\n    __typename\\n  }\\n}');
    expect(printed).toContain('fragment Text on Note {\\n  text\\n  __typename\\n}');
  });

  it('writes a file, and says in CI whether it is what would be written', async () => {
    expect(await documents(...OUTPUT)).toEqual({
      exitCode: 0,
      printed: '',
      complained: '2 documents written to ./documents.json.\n',
      error: null,
    });
    const before = await written();
    expect(await documents(...OUTPUT, '--check')).toMatchObject({
      exitCode: 0,
      complained: '2 documents: ./documents.json is as it should be.\n',
    });
    await writeFiles(folder, { 'src/more.graphql': 'query More { __typename }' });
    expect(await documents(...OUTPUT, '--check')).toMatchObject({
      exitCode: 1,
      complained: './documents.json is not what would be written: run the command without --check.\n',
    });
    expect(await written()).toBe(before);
  });

  it('says where an operation does not fit the schema, also in the fragment of another file, and writes nothing then', async () => {
    await documents(...OUTPUT);
    const before = await written();
    await writeFiles(folder, { 'src/text.graphql': '\nfragment Text on Note { text stars }' });
    expect(await documents(...OUTPUT)).toEqual({
      exitCode: 1,
      printed: '',
      complained: expect.stringMatching(
        /^error GRAPHQL_VALIDATION_FAILED: Cannot query field "stars" on type "Note"\.\n {2}at src\/text\.graphql:2:30\n[^]*\n2 operations: 1 error; \.\/documents\.json stays as it was\.\n$/,
      ),
      error: null,
    });
    expect(await written()).toBe(before);
  });

  it('refuses operations without a name, and several of one', async () => {
    await writeFiles(folder, { 'src/same.graphql': '{ __typename }\nquery Notes { __typename }' });
    const { exitCode, printed } = await documents('--operations', './src', '--format', 'github');
    expect([exitCode, printed]).toEqual([
      1,
      expect.stringMatching(/file=src\/same\.graphql,line=1[^]*has no name[^]*several operations "Notes"/),
    ]);
  });

  it.each<[string, readonly string[], RegExp]>([
    ['nothing to compare with', ['--operations', './src', '--check'], /^--check compares the file of --output/],
    ['no such file', ['--operations', './gone'], /names no file\.$/],
    [
      'a file that is not GraphQL',
      ['--operations', './supergraph.yaml'],
      /is neither a \.graphql nor a \.json file\.$/,
    ],
  ])('ends with 2 and one sentence where there is %s', async (_what, args, sentence) => {
    expect(await documents(...args)).toMatchObject({ exitCode: 2, error: expect.stringMatching(sentence) });
  });
});
