import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@inevitable/kit/testing';
import pg from 'pg';
import { openRegistry, type OpenRegistry } from '../parts/schema-commands/open-registry.js';
import { publishFiles } from '../test-support/publish-files.js';
import { recordUse } from '../test-support/record-use.js';
import { runCommand, worldIn } from '../test-support/run-command.js';
import { runProgram } from '../test-support/run-program.js';
import { ExitCode } from './command.js';
import { diffCommand } from './diff.js';
import { historyCommand } from './history.js';
import { publishCommand } from './publish.js';
import { rollbackCommand } from './rollback.js';

const run = promisify(execFile);
const WHO = `${userInfo().username}@${hostname()}`;

let folder: string;
let database: TestDatabase;
let owner: pg.Pool;
let env: NodeJS.ProcessEnv;
let opened: OpenRegistry;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stack-registry-'));
  database = await createTestDatabase('empty', () => Promise.resolve());
  owner = new pg.Pool({ connectionString: database.url, max: 1 });
  owner.on('error', () => undefined); // ended, and yet told of the drop of its database
  env = {
    DATA_DIR: join(folder, 'data'),
    DATABASE_URL: database.url,
    SUPERGRAPH_CONFIG: join(folder, 'supergraph.yaml'),
    LOG_LEVEL: 'silent',
    GIT_DIR: join(folder, 'of-another/.git'), // as within a hook of another repository
  };
  opened = await openRegistry(worldIn({ root: folder, env }), undefined);
  await writeFile(join(folder, '.gitignore'), 'data\n');
  await git('init', '--quiet');
});
afterAll(async () => {
  await opened.close();
  await owner.end();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await owner.query(
    'truncate operations.schema_publications, operations.schema_version_subgraphs, operations.schema_versions, operations.schema_texts, operations.operations cascade',
  );
  await writeFile(
    join(folder, 'supergraph.yaml'),
    `subgraphs:
  notes: { routing_url: "http://notes.test/graphql", schema: { file: notes.graphql } }
  users: { routing_url: "http://users.test/graphql", schema: { file: users.graphql } }
`,
  );
  await write('notes', 'type Query { notes: Int old: Int }');
  await write('users', 'type Query { users: Int }');
});

const write = (name: string, sdl: string) => writeFile(join(folder, `${name}.graphql`), `${sdl}\n`);
const git = async (...args: string[]) =>
  (await run('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@t.test', ...args])).stdout.trim();

const stack = (...args: string[]) =>
  runCommand([publishCommand, historyCommand, diffCommand, rollbackCommand], { root: folder, env }, args);

const json = async (...args: string[]) => {
  const { printed, exitCode, error } = await stack(...args, '--json');
  expect(error).toBeNull();
  return { exitCode, ...(JSON.parse(printed) as Record<string, unknown>) };
};
const publishHere = (basedOn: number | null) =>
  publishFiles(opened, join(folder, 'supergraph.yaml'), { by: WHO, basedOn });

/** Clients send `Query.old`. */
const useOld = () => recordUse(opened, 'Old', 'query Old { old }');

describe('stack publish', () => {
  it('publishes what supergraph.yaml composes to, with the commit it was composed from and whoever did it', async () => {
    expect(await stack('publish', '--message', 'the first')).toMatchObject({
      exitCode: ExitCode.Ok,
      error: null,
      printed: expect.stringMatching(/Published version 1\. Gateways take it over within seconds\.\n$/),
    });
    const current = (await opened.registry.current())!;
    expect(current).toMatchObject({ number: 1, createdBy: WHO, gitRevision: null });
    expect(current.subgraphs.map(({ name, routingUrl, sdl }) => [name, routingUrl, sdl])).toEqual([
      ['notes', 'http://notes.test/graphql', 'type Query { notes: Int old: Int }\n'],
      ['users', 'http://users.test/graphql', 'type Query { users: Int }\n'],
    ]);
    await git('add', '.');
    await git('commit', '--quiet', '--message', 'all');
    const commit = await git('rev-parse', 'HEAD');
    await write('users', 'type Query { users: Int more: Int }');
    expect(await json('publish')).toMatchObject({
      ok: true,
      outcome: 'published',
      before: 1,
      publication: { version: 2 },
    });
    expect(await opened.registry.current()).toMatchObject({ gitRevision: `${commit}-dirty` });
    await write('users', 'type Query { users: Int more: Int third: Int }');
    await git('commit', '--quiet', '--all', '--message', 'more');
    await json('publish');
    expect(await opened.registry.current()).toMatchObject({ number: 3, gitRevision: await git('rev-parse', 'HEAD') });
    expect((await opened.registry.publications({ first: 3, before: null })).map(({ reason }) => reason)).toEqual([
      null,
      null,
      'the first',
    ]);
  });

  it('says so where it is published already, and makes no new version of it', async () => {
    await publishHere(null);
    expect(await stack('publish')).toEqual({
      exitCode: ExitCode.Ok,
      printed: 'Nothing to publish: version 1 is just this.\n',
      complained: '',
      error: null,
    });
    expect(await json('publish')).toEqual({
      exitCode: ExitCode.Ok,
      ok: true,
      outcome: 'there already',
      message: 'Nothing to publish: version 1 is just this.',
      before: 1,
      publication: null,
      report: null,
    });
  });

  it('refuses what would break a client, names the client, and takes it with --force, keeping what was passed over', async () => {
    await publishHere(null);
    await useOld();
    await write('notes', 'type Query { notes: Int }');
    const refused = await stack('publish');
    expect(refused).toMatchObject({ exitCode: ExitCode.Findings, error: null });
    expect(refused.printed).toContain('web 1.2');
    expect(refused.printed).toMatch(
      /Not published: 1 error\. Repair them, or publish with --force, which is kept in the history\.\n$/,
    );
    expect(await stack('publish', '--force', '--dry-run')).toMatchObject({
      exitCode: ExitCode.Ok,
      printed: expect.stringMatching(/It would be published, over version 1, forced\.\n$/),
    });
    expect((await opened.registry.current())!.number).toBe(1);
    expect(await json('publish', '--force')).toMatchObject({
      exitCode: ExitCode.Ok,
      outcome: 'published',
      publication: {
        version: 2,
        forced: true,
        findings: ["FIELD_REMOVED: Field 'old' was removed from object type 'Query'. 1 operation breaks."],
      },
      report: { passed: false, changes: [{ coordinate: 'Query.old', affected: { clients: [{ name: 'web' }] } }] },
    });
    expect(await json('history')).toMatchObject({
      publications: [
        { position: 2, version: 2, kind: 'publish', by: WHO, forced: true },
        { position: 1, version: 1, kind: 'publish', by: WHO, forced: false, findings: [] },
      ],
    });
  });

  it('does not say that it was forced where it passed', async () => {
    await publishHere(null);
    await write('users', 'type Query { users: Int more: Int }');
    expect(await json('publish', '--force')).toMatchObject({ publication: { forced: false, findings: [] } });
  });

  it('publishes nothing that does not compose, not even with --force, and shows where it is wrong', async () => {
    await publishHere(null);
    await write('users', 'type Query { users: Nothing }');
    const refused = await stack('publish', '--force');
    expect(refused).toMatchObject({ exitCode: ExitCode.Findings, error: null });
    expect(refused.printed).toMatch(/users\.graphql:1:/);
    expect(refused.printed).toMatch(/Not published: the subgraphs do not compose\.\n$/);
    const annotated = await stack('publish', '--format', 'github');
    expect(annotated.printed).toMatch(/^::error file=users\.graphql,line=1/);
    expect(annotated.complained).toMatch(/Not published/);
    const both = await stack('publish', '--format', 'github', '--json');
    expect([both.printed, both.error]).toEqual(['', expect.stringMatching(/^--json and --format github are two ways/)]);
    expect((await opened.registry.current())!.number).toBe(1);
  });

  it('changes nothing with --dry-run', async () => {
    expect(await stack('publish', '--dry-run')).toMatchObject({
      exitCode: ExitCode.Ok,
      printed: expect.stringMatching(/It would be published as version 1\.\n$/),
    });
    expect(await opened.registry.current()).toBeNull();
  });

  it('publishes one subgraph over the others that are published, whatever their files say by now', async () => {
    await publishHere(null);
    await write('users', 'type Query { not: Published }');
    await writeFile(join(folder, 'other.graphql'), 'type Query { notes: Int old: Int fresh: Int }\n');
    expect(await json('publish', '--subgraph', 'notes', '--schema', './other.graphql')).toMatchObject({
      outcome: 'published',
      publication: { version: 2 },
    });
    const current = (await opened.registry.current())!;
    expect(current.sdl).toContain('fresh: Int');
    expect(current.subgraphs).toEqual([
      {
        name: 'notes',
        routingUrl: 'http://notes.test/graphql',
        sdl: 'type Query { notes: Int old: Int fresh: Int }\n',
      },
      { name: 'users', routingUrl: 'http://users.test/graphql', sdl: 'type Query { users: Int }\n' },
    ]);
  });

  it('adds a subgraph with --routing-url, also where there is no supergraph.yaml', async () => {
    await publishHere(null);
    await rm(join(folder, 'supergraph.yaml'));
    await writeFile(join(folder, 'third.graphql'), 'type Query { third: Int }\n');
    const third = ['publish', '--subgraph', 'third', '--schema', './third.graphql', '--config', './none.yaml'];
    const yaml = join(folder, 'supergraph.yaml');
    await writeFile(yaml, 'subgraphs: {}\n');
    expect(await stack(...third)).toMatchObject({
      error: '"third" is new, and gateways must know where it is: give --routing-url. Published are notes, users.',
    });
    expect(await json(...third, '--routing-url', 'http://third.test/graphql')).toMatchObject({
      outcome: 'published',
      publication: { forced: false, findings: [] },
      report: {
        findings: [
          {
            code: 'SUBGRAPH_ADDED',
            severity: 'warning',
            message:
              'Subgraph "third" is new, at http://third.test: requests of every tenant, with tokens for "third", go there.',
          },
        ],
      },
    });
    expect((await opened.registry.current())!.subgraphs.map(({ name }) => name)).toEqual(['notes', 'third', 'users']);
  });

  it('moves a subgraph to another origin only where it is said to be meant, and keeps that it moved', async () => {
    await publishHere(null);
    const notes = ['publish', '--subgraph', 'notes', '--schema', join(folder, 'notes.graphql'), '--routing-url'];
    const sentence = (from: string, to: string) =>
      `Subgraph "notes" moves from ${from} to ${to}: requests of every tenant, with tokens for "notes", go there.`;
    const [first, other, path] = ['http://notes.test/graphql', 'https://notes.test/graphql', 'https://notes.test/'];
    const refused = await stack(...notes, other);
    expect(refused).toMatchObject({ exitCode: ExitCode.Findings, error: null });
    expect(refused.printed).toContain(sentence(first, other));
    expect(refused.printed).toContain('publish with --allow-move');
    expect(refused.printed).toContain('Not passed: 1 subgraph moves to another origin.');
    expect(refused.printed).toMatch(/Not published: 1 error\. Repair them, or publish with --force/);
    expect((await opened.registry.current())!.number).toBe(1);

    expect(await json(...notes, other, '--allow-move')).toMatchObject({ exitCode: ExitCode.Ok, outcome: 'published' });
    expect((await stack('diff', '1', '2')).printed).toContain(`notes moved from ${first} to ${other}`);
    expect(await json(...notes, path)).toMatchObject({ exitCode: ExitCode.Ok, outcome: 'published' });
    expect(await json(...notes, first, '--force')).toMatchObject({ outcome: 'published' });
    const kept = (from: string, to: string) => [`ROUTING_URL_MOVED: ${sentence(from, to)}`];
    expect(await json('history')).toMatchObject({
      publications: [
        { version: 4, forced: true, findings: kept(path, first) },
        { version: 3, forced: false, findings: kept(other, path) },
        { version: 2, forced: false, findings: kept(first, other) },
        { version: 1, forced: false, findings: [] },
      ],
    });
  });

  it.each([
    [['--subgraph', 'notes'], 'error: --subgraph and --schema belong together.'],
    [
      ['--routing-url', 'http://a.test'],
      'error: --routing-url belongs to --subgraph; supergraph.yaml has those of all subgraphs.',
    ],
    [
      ['--days', '0'],
      "error: option '--days <number>' argument '0' is invalid. A whole number from 1 to 90: what is older is not kept.",
    ],
    ...['http://ada:secret@a.test', 'ftp://ada:secret@a.test', 'ada:secret@a.test', 'http//ada:secret@a'].map(
      (url): [string[], string] => [
        ['--registry', url],
        '--registry takes no user name or password in its URL: STACK_TOKEN says who asks.',
      ],
    ),
    [['--registry', 'nowhere'], '--registry "nowhere" is not an http or https URL.'],
    [
      ['--registry', 'http://127.0.0.1:1'],
      '--registry needs STACK_TOKEN: an access token of a platform administrator, as "stack token --user <login>" prints it.',
    ],
    [
      ['--subgraph', 'a', '--schema', 'a.graphql'],
      'Nothing was published yet, so "a" has no subgraphs to be composed with: publish all of them first, with "stack publish" where supergraph.yaml is.',
    ],
  ])('refuses %j in one sentence', async (args, sentence) => {
    expect(await stack('publish', ...args)).toMatchObject({ error: sentence });
    expect(await opened.registry.current()).toBeNull();
  });
});

describe('stack history', () => {
  it('is a table of what was published and rolled back, the newest first', async () => {
    expect(await stack('history')).toMatchObject({ exitCode: 0, printed: 'Nothing was published yet.\n' });
    await publishHere(null);
    await write('users', 'type Query { users: Int more: Int }');
    await stack('publish', '--message', 'more');
    await stack('rollback', '--message', 'less');
    const { printed } = await stack('history', '--first', '2');
    expect(printed.replaceAll(/[^a-z0-9@\n. -]/gi, ' ')).toMatch(
      /position +version +revision +when +UTC +who +what[^]*3 +1 +\d{4}-\d\d-\d\d [^]*rolled back to[^]*less[^]*2 +2 [^]*published[^]*more/,
    );
    expect(printed).not.toMatch(/│ 1 +│ 1 /);
    expect(await stack('history', '--first', '0')).toMatchObject({ error: expect.stringContaining('A whole number') });
  });
});

describe('stack diff', () => {
  beforeEach(async () => {
    await publishHere(null);
    await write('users', 'type Query { users: Int more: Int }');
    await publishHere(1);
  });

  it('tells what changed between two versions', async () => {
    expect(await stack('diff', '1', '2')).toEqual({
      exitCode: ExitCode.Ok,
      error: null,
      complained: '',
      printed: `From version 1 to version 2:
subgraphs that differ (1)
  users changed
compatible (1)
  Field 'more' was added to object type 'Query'
`,
    });
    expect(await json('diff', '2', '1')).toMatchObject({
      ok: true,
      from: 2,
      to: 1,
      changes: [{ code: 'FIELD_REMOVED', coordinate: 'Query.more', criticality: 'breaking' }],
      subgraphs: [{ name: 'users', kind: 'changed' }],
    });
  });

  it('compares with the version that is served, and that one with supergraph.yaml, unless told', async () => {
    expect((await stack('diff', '1')).printed).toMatch(/^From version 1 to version 2:/);
    expect((await stack('diff')).printed).toBe('From version 2 to supergraph.yaml:\nNothing differs.\n');
    await write('users', 'type Query { nothing: Valid }');
    expect(await stack('diff')).toMatchObject({
      exitCode: ExitCode.Findings,
      printed: '',
      complained: expect.stringContaining('users.graphql:1'),
    });
  });

  it("shows the text of one subgraph's schema as diff -u does", async () => {
    expect((await stack('diff', '1', '2', '--subgraph', 'users')).printed).toBe(`--- users (version 1)
+++ users (version 2)
@@ -1 +1 @@
-type Query { users: Int }
+type Query { users: Int more: Int }
`);
    expect((await stack('diff', '1', '2', '--subgraph', 'notes')).printed).toBe('Nothing differs in notes.\n');
    expect(await stack('diff', '1', '2', '--subgraph', 'nobody')).toMatchObject({
      error: 'No such subgraph "nobody" in version 1 or version 2.',
    });
  });

  it('knows no version that was never published', async () => {
    expect(await stack('diff', '1', '7')).toMatchObject({
      error: 'No such version 7 of the supergraph: "stack history" lists those there are.',
    });
    expect(await stack('diff', 'x')).toMatchObject({ error: expect.stringContaining('as "stack history" shows it') });
  });
});

describe('stack rollback', () => {
  it('serves the version again that was served before, and a second one undoes that', async () => {
    await publishHere(null);
    await write('users', 'type Query { users: Int more: Int }');
    await publishHere(1);
    expect(await stack('rollback')).toEqual({
      exitCode: ExitCode.Ok,
      printed: 'Rolled back from version 2 to version 1. Gateways take it over within seconds.\n',
      complained: '',
      error: null,
    });
    expect(await json('rollback', '--message', 'it was not that')).toMatchObject({
      ok: true,
      before: 1,
      publication: { position: 4, version: 2, kind: 'rollback', by: WHO, reason: 'it was not that' },
    });
    expect(await stack('rollback', '--to', '2')).toMatchObject({
      exitCode: 0,
      printed: 'Version 2 is served already.\n',
    });
    expect(await stack('rollback', '--to', '9')).toMatchObject({
      error: 'No such version 9 of the supergraph: "stack history" lists those there are.',
    });
    expect((await opened.registry.current())!.number).toBe(2);
  });

  it('leaves a record for the audit, as stack publish does, and none where nothing changed', async () => {
    const left = `select name, tenant_id as tenant, payload -> 'actor' as actor from operations.outbox where kind = 'audit' order by sequence`;
    const before = (await owner.query(left)).rowCount!;
    await stack('publish');
    await stack('publish');
    await write('users', 'type Query { users: Int more: Int }');
    await stack('publish');
    await stack('rollback');
    const byOperator = { tenant: '00000000-0000-0000-0000-000000000000', actor: { kind: 'operator', id: null } };
    expect((await owner.query(left)).rows.slice(before)).toEqual([
      { name: 'operations.publishSchema', ...byOperator },
      { name: 'operations.publishSchema', ...byOperator },
      { name: 'operations.rollbackSchema', ...byOperator },
    ]);
  });

  it('says so where there is nothing to go back to', async () => {
    expect(await stack('rollback')).toMatchObject({
      exitCode: ExitCode.Findings,
      complained: 'Nothing was published yet, so there is nothing to roll back.\n',
    });
    await publishHere(null);
    expect(await stack('rollback')).toMatchObject({
      exitCode: ExitCode.Findings,
      complained: 'Version 1 is the only one that was ever served: there is none to go back to.\n',
    });
  });
});

describe('The command line', () => {
  it('answers with the exit code and nothing but JSON on standard output', async () => {
    const place = { root: folder, env: { PATH: process.env['PATH'], ...env } };
    await publishHere(null);
    await useOld();
    await write('notes', 'type Query { notes: Int }');
    const refused = await runProgram(place, ['publish', '--json']);
    expect([refused.exitCode, JSON.parse(refused.printed)]).toEqual([
      ExitCode.Findings,
      expect.objectContaining({ outcome: 'refused' }),
    ]);
    expect(await runProgram(place, ['rollback', '--to', '7'])).toEqual({
      exitCode: ExitCode.CouldNotRun,
      printed: '',
      complained: 'stack: No such version 7 of the supergraph: "stack history" lists those there are.\n',
    });
  });
});
