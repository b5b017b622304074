import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@inevitable/kit/testing';
import { composeSubgraphs, readSubgraphs, readSupergraphConfig } from '@inevitable/toolchain';
import { openRegistry } from '../parts/schema-commands/open-registry.js';
import { publishFiles } from '../test-support/publish-files.js';
import { recordUse } from '../test-support/record-use.js';
import { runCommand, worldIn } from '../test-support/run-command.js';
import { runProgram } from '../test-support/run-program.js';
import { writeFiles } from '../test-support/write-files.js';
import { checkCommand } from './check.js';

const run = promisify(execFile);

let folder: string;
let env: NodeJS.ProcessEnv;

const NOTES = 'type Query {\n  notes: [Note!]!\n}\ntype Note @key(fields: "id") {\n  id: ID!\n  text: String\n}\n';
const TAGS = 'type Note @key(fields: "id") {\n  id: ID!\n  tags: [String!]!\n}\n';
const CONFIG = `subgraphs:
  notes: { routing_url: "http://notes.test/graphql", schema: { file: schemas/notes.graphql } }
  tags: { routing_url: "http://tags.test/graphql", schema: { file: schemas/tags.graphql } }
`;
const WITHOUT_TEXT = NOTES.replace('  text: String\n', '');

const write = (files: Readonly<Record<string, string>>): Promise<void> => writeFiles(folder, files);

const git = (...args: string[]) =>
  run('git', ['-C', folder, '-c', 'user.name=Ada', '-c', 'user.email=ada@acme.test', ...args]);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'check-'));
  env = {
    PATH: process.env['PATH'],
    SUPERGRAPH_CONFIG: join(folder, 'supergraph.yaml'),
    DATA_DIR: join(folder, 'data'),
  };
  await write({ 'supergraph.yaml': CONFIG, 'schemas/notes.graphql': NOTES, 'schemas/tags.graphql': TAGS });
  await git('init', '--quiet', '--initial-branch', 'main');
  await git('add', '.');
  await git('commit', '--quiet', '--message', 'Begin');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const check = (...args: string[]) => runCommand([checkCommand], { root: folder, env }, ['check', ...args]);

const lastLine = (text: string): string | undefined => text.trimEnd().split('\n').at(-1);

describe('stack check', () => {
  it('compares with HEAD where nothing is published, and ends with 0 where nothing changed', async () => {
    expect(await check()).toEqual({
      exitCode: 0,
      printed:
        'Judged by no operations: none was recorded or given. No operation needed a new plan.\nPassed: the API schema does not change.\n',
      complained: '',
      error: null,
    });
  });

  it('ends with 1 where an operation of a file would break, and names it and the place', async () => {
    await write({
      'schemas/notes.graphql': WITHOUT_TEXT,
      'app/notes.graphql': 'query Notes { notes { text } }\nquery Ids { notes { id } }',
    });
    const { exitCode, printed, complained } = await check('--operations', './app/**/*.graphql');

    expect([exitCode, complained, lastLine(printed)]).toEqual([
      1,
      '',
      'Not passed: 1 change breaks operations that are in use.',
    ]);
    expect(printed).toContain("Field 'text' was removed from object type 'Note'.");
    expect(printed).toContain('schemas/notes.graphql:4:6');
    expect(printed).toContain('Operation "Notes" at app/notes.graphql:1:1');
    expect(printed).not.toContain('"Ids"');
  });

  it('tells of names that clients have made endless only their beginning, in any format', async () => {
    const name = `N${'a'.repeat(60_000)}`;
    await write({
      'schemas/notes.graphql': WITHOUT_TEXT.replace('notes:', `${'b'.repeat(60_000)}: Int\n  notes:`),
      'app/notes.graphql': `query ${name} { notes { text } }`,
    });
    const text = await check('--operations', './app');
    const others = [
      await check('--operations', './app', '--format', 'github'),
      await check('--operations', './app', '--format', 'markdown'),
    ];

    expect([text, ...others].map(({ exitCode }) => exitCode)).toEqual([1, 1, 1]);
    expect(text.printed.replaceAll(/[│\s]/g, '')).toContain(`Operation"${name.slice(0, 100)}…"`);
    for (const { printed } of others) expect(printed).toContain(`Operation "${name.slice(0, 100)}…"`);
    for (const { printed } of [text, ...others]) expect(printed).not.toContain(name.slice(0, 101));
  });

  it('only warns where no known operation breaks', async () => {
    await write({ 'schemas/notes.graphql': WITHOUT_TEXT, 'app/ids.graphql': 'query Ids { notes { id } }' });
    const { exitCode, printed } = await check('--operations', './app');

    expect([exitCode, lastLine(printed)]).toEqual([0, 'Passed: 1 change, judged by 1 operation.']);
  });

  it('prints one JSON object with --json', async () => {
    await write({ 'schemas/notes.graphql': WITHOUT_TEXT });
    const { exitCode, printed } = await check('--json');

    expect([exitCode, Object.keys(JSON.parse(printed) as object)]).toEqual([
      1,
      ['format', 'passed', 'verdict', 'findings', 'changes', 'unexplained', 'access', 'usage', 'plans'],
    ]);
  });

  it("annotates the candidate's files for GitHub", async () => {
    await write({ 'schemas/notes.graphql': WITHOUT_TEXT });
    const { printed, complained } = await check('--format', 'github');

    expect(printed).toMatch(
      /^::error file=schemas\/notes\.graphql,line=4,col=6,title=FIELD_REMOVED \(subgraph notes\)::/,
    );
    expect(complained).toBe('Not passed: 1 breaking change, judged without use: no operation is known.\n');
  });

  it('ends with the verdict in Markdown, and tells each finding in JUnit', async () => {
    await write({ 'schemas/notes.graphql': WITHOUT_TEXT });
    const markdown = await check('--format', 'markdown');
    const junit = await check('--format', 'junit');

    expect(lastLine(markdown.printed)).toBe(
      'Not passed: 1 breaking change, judged without use: no operation is known.',
    );
    expect(junit.printed).toContain('FIELD_REMOVED');
  });

  it('ends with 1 where the candidate does not compose', async () => {
    await write({ 'schemas/tags.graphql': 'type Note {\n  id: ID!\n  text: Int\n}\n' });
    const { exitCode, printed } = await check();

    expect(exitCode).toBe(1);
    expect(printed).toMatch(/error FIELD_TYPE_MISMATCH: [\s\S]*at schemas\//);
    expect(lastLine(printed)).toMatch(/^The candidate does not compose: \d errors?\.$/);
  });

  it('checks one subgraph in place of the one that supergraph.yaml names', async () => {
    await write({ 'draft.graphql': WITHOUT_TEXT });
    const { exitCode, printed } = await check(
      '--subgraph',
      'notes',
      '--schema',
      './draft.graphql',
      '--format',
      'github',
    );

    expect(exitCode).toBe(1);
    expect(printed).toMatch(/^::error file=draft\.graphql,line=4,/);
  });

  it('compares with a file: a supergraph schema or another supergraph.yaml', async () => {
    const config = join(folder, 'supergraph.yaml');
    const before = composeSubgraphs(await readSubgraphs(config, await readSupergraphConfig(config)));
    await write({
      'supergraph.graphql': (before as { sdl: string }).sdl,
      'before.yaml': CONFIG.replaceAll('schemas/', 'before/'),
      'before/notes.graphql': NOTES,
      'before/tags.graphql': TAGS,
      'schemas/notes.graphql': WITHOUT_TEXT,
    });

    for (const file of ['./supergraph.graphql', './before.yaml'])
      expect(await check('--against', file)).toMatchObject({
        exitCode: 1,
        printed: expect.stringContaining("Field 'text' was removed from object type 'Note'."),
      });
  });

  it('compares with a git revision: what supergraph.yaml and its files were', async () => {
    await write({ 'schemas/notes.graphql': WITHOUT_TEXT });
    await git('commit', '--quiet', '--all', '--message', 'Remove the text');
    const codes = [await check(), await check('--against', 'HEAD~1'), await check('--against', 'main')];

    expect(codes.map(({ exitCode }) => exitCode)).toEqual([0, 1, 0]);
  });

  it.each([
    [['--against', 'nosuch'], /^There is no git revision "nosuch" in \.: /],
    [['--against', '--help'], /^"--help" is no git revision: none begins with "-"\.$/],
    [['--against', './schemas/notes.graphql'], /^\.\/schemas\/notes\.graphql is neither a supergraph schema, /],
    [['--against', './odd.graphql'], /^\.\/odd\.graphql is no supergraph schema: /],
    [['--subgraph', 'notes'], /^--subgraph and --schema belong together: /],
    [['--subgraph', 'notes', '--schema', './none.graphql'], /^\.\/none\.graphql cannot be read \(ENOENT\)\.$/],
    [['--operations', './none'], /^--operations \.\/none names no file\.$/],
    [['--config', './none.yaml'], /^\.\/none\.yaml cannot be read \(ENOENT\)\.$/],
    [['--config', './new.yaml'], /^\.\/new\.yaml is not in revision "HEAD"\.$/],
    [['--registry', 'nowhere'], /^--registry "nowhere" is not an http or https URL\.$/],
    [['--against', 'a;b'], /: a shallow clone may lack it\.$/],
    [
      ['--json', '--format', 'github'],
      /^--json and --format github are two ways to tell the same: leave out one of them\.$/,
    ],
    [['--days', '0'], /A whole number from 1 to 90/],
  ])('ends with 2 and one sentence for %j', async (args, sentence) => {
    await write({ 'odd.graphql': 'enum join__Graph { A }', 'new.yaml': CONFIG });
    const { exitCode, printed, error } = await check(...args);

    expect([exitCode, printed]).toEqual([2, '']);
    expect(error).toMatch(sentence);
  });

  it('says that it needs a repository, a file of the revision or a base that composes', async () => {
    await write({ 'schemas/tags.graphql': 'type Note { text: Int }' });
    await git('commit', '--quiet', '--all', '--message', 'Break it');
    await write({ 'schemas/tags.graphql': TAGS });
    const broken = await check();
    await git('rm', '--quiet', '--force', 'schemas/tags.graphql');
    await git('commit', '--quiet', '--message', 'Remove it');
    await write({ 'schemas/tags.graphql': TAGS });
    const gone = await check();
    await rm(join(folder, '.git'), { recursive: true });
    const none = await check();

    expect([broken, gone, none].map(({ exitCode, error }) => [exitCode, error?.replace(/:[^:]*$/, '')])).toEqual([
      [2, expect.stringMatching(/^Revision "HEAD" does not compose, so nothing can be compared with it/)],
      [2, './schemas/tags.graphql is not in revision "HEAD".'],
      [2, '. is in no git repository.'],
    ]);
  });

  it('is a command of the stack: exit codes and streams of the program itself', async () => {
    await write({ 'schemas/notes.graphql': WITHOUT_TEXT });
    const place = { root: folder, env: { ...process.env, ...env } };
    const breaking = await runProgram(place, ['check', '--json']);
    const unreadable = await runProgram(place, ['check', '--against', 'nosuch']);

    expect(breaking).toMatchObject({
      exitCode: 1,
      printed: expect.stringMatching(/^\{"format":1,"passed":false,.*\}\n$/),
    });
    expect([unreadable.exitCode, unreadable.printed]).toEqual([2, '']);
    expect(unreadable.complained).toMatch(/^stack: There is no git revision "nosuch" in .*\n$/m);
  });
});

describe('With a registry, stack check', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase('empty', () => Promise.resolve());
  });
  afterAll(() => database.drop());

  it('compares with what is published and judges by what gateways recorded', async () => {
    env = { ...env, DATABASE_URL: database.url, LOG_LEVEL: 'silent' };
    const unpublished = await check('--against', 'registry');
    const opened = await openRegistry(worldIn({ root: folder, env }), undefined);
    await publishFiles(opened, join(folder, 'supergraph.yaml'));
    await recordUse(opened, 'Texts', 'query Texts {\n  notes {\n    text\n  }\n}');
    await opened.close();
    await write({ 'schemas/notes.graphql': WITHOUT_TEXT });
    await git('commit', '--quiet', '--all', '--message', 'Remove the text'); // HEAD is not what counts

    const { exitCode, printed } = await check('--json');
    const report = JSON.parse(printed) as {
      changes: { coordinate: string; severity: string; affected: { clients: object[] } }[];
      usage: object;
    };
    // A team without supergraph.yaml has the published schemas beside its own.
    await write({ 'alone/notes.graphql': WITHOUT_TEXT });
    const alone = ['--config', './none.yaml', '--subgraph', 'notes', '--schema', './alone/notes.graphql'];
    const one = await check(...alone, '--format', 'github');

    expect(unpublished).toMatchObject({ exitCode: 2, error: expect.stringMatching(/^Nothing was published yet: /) });
    expect(exitCode).toBe(1);
    expect(report.changes).toMatchObject([
      {
        coordinate: 'Note.text',
        severity: 'error',
        affected: { clients: [{ name: 'web', version: '1.2', plans: ['pro'], count: 7 }] },
      },
    ]);
    expect(report.usage).toMatchObject({ operations: 1, recorded: 1, days: 30 });
    expect(one).toMatchObject({
      exitCode: 1,
      printed: expect.stringMatching(/^::error file=alone\/notes\.graphql,line=4,/),
    });
  });
});
