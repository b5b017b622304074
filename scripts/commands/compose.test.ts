import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { watchSupergraph, type SupergraphLook } from '../parts/watch-supergraph.js';
import { FileUnwritable, writeAtomically } from '../parts/write-atomically.js';
import { runCommand } from '../test-support/run-command.js';
import { writeFiles } from '../test-support/write-files.js';
import { composeCommand } from './compose.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'compose-'));
});
afterEach(() => rm(folder, { recursive: true }));

const GOOD = 'type Query { a: Thing }\ntype Thing @key(fields: "id") { id: ID! }\n';
const CLASH = { a: 'type Query { f: Int }\n', b: 'type Query {\n  f: Int\n}\n' };

const write = (files: Readonly<Record<string, string>>): Promise<void> => writeFiles(folder, files);

/** A supergraph.yaml of these schemas, each in a file of its own. */
async function project(schemas: Readonly<Record<string, string>>): Promise<void> {
  const entries = Object.keys(schemas).map(
    (name) =>
      `  ${name}:\n    routing_url: http://${name}.test/graphql\n    schema: { file: schemas/${name}.graphql }\n`,
  );
  await write({
    'supergraph.yaml': `subgraphs:\n${entries.join('')}`,
    ...Object.fromEntries(Object.entries(schemas).map(([name, sdl]) => [`schemas/${name}.graphql`, sdl])),
  });
}

const compose = (...args: string[]) =>
  runCommand([composeCommand], { root: folder, env: { SUPERGRAPH_CONFIG: join(folder, 'supergraph.yaml') } }, [
    'compose',
    ...args,
  ]);

describe('stack compose', () => {
  it('prints the supergraph schema, and nothing else', async () => {
    await project({ a: GOOD });
    const { exitCode, printed, complained } = await compose();
    expect([exitCode, complained]).toEqual([0, '']);
    expect(printed).toMatch(/^schema\n {2}@link[\s\S]*type Thing\n[\s\S]*\}\n$/);
  });

  it('writes it to a file and says so, leaving no draft behind', async () => {
    await project({ a: GOOD });
    expect(await compose('--output', './supergraph.graphql')).toEqual({
      exitCode: 0,
      printed: '',
      complained: '1 subgraph composes into ./supergraph.graphql: no findings.\n',
      error: null,
    });
    expect(await readFile(join(folder, 'supergraph.graphql'), 'utf8')).toContain('type Thing');
    expect((await readdir(folder)).sort()).toEqual(['schemas', 'supergraph.graphql', 'supergraph.yaml']);
  });

  it('ends with 1, says where and what to do, and leaves the file as it was, where subgraphs do not fit together', async () => {
    await project(CLASH);
    await write({ 'supergraph.graphql': 'the old one' });
    expect(await compose('--output', './supergraph.graphql')).toEqual({
      exitCode: 1,
      printed: '',
      complained: `error INVALID_FIELD_SHARING: Non-shareable field "Query.f" is resolved from multiple subgraphs: it is resolved from subgraphs "a" and "b" and defined as non-shareable in all of them
  at schemas/a.graphql:1:14 (subgraph a)

  > 1 | type Query { f: Int }
      |              ^
    2 |

  also at schemas/b.graphql:2:3
  → Let one subgraph resolve the field and take it out of the others. Where all of them really answer the same, mark it @shareable in every one of them.
The subgraphs do not compose: 1 error; ./supergraph.graphql stays as it was.
`,
      error: null,
    });
    expect(await readFile(join(folder, 'supergraph.graphql'), 'utf8')).toBe('the old one');
  });

  it('ends with 1 and the place for a schema that is not GraphQL', async () => {
    await project({ a: 'type Query {\n  a Int\n}' });
    const { exitCode, complained } = await compose();
    expect(exitCode).toBe(1);
    expect(complained).toContain(
      'at schemas/a.graphql:2:5 (subgraph a)\n\n    1 | type Query {\n  > 2 |   a Int\n      |     ^',
    );
  });

  it('quotes nothing of a file outside of the repository of supergraph.yaml', async () => {
    await project({});
    await write({
      'other/b.graphql': CLASH.b.replace('f: Int', 'f: Int # secret'),
      'here/a.graphql': CLASH.a,
      'here/.git': '',
      'here/supergraph.yaml': `subgraphs:
  a: { routing_url: "http://a.test", schema: { file: ../other/b.graphql } }
  b: { routing_url: "http://b.test", schema: { file: a.graphql } }
`,
    });
    const clash = await compose('--config', './here/supergraph.yaml');
    await write({ 'other/b.graphql': 'root:x:0:secret' });
    const unreadable = await compose('--config', './here/supergraph.yaml');

    expect([clash.exitCode, clash.complained]).toEqual([1, expect.stringContaining('other/b.graphql')]);
    expect(clash.complained).toMatch(/INVALID_FIELD_SHARING[^]*/);
    expect(unreadable.error).toBe(
      './here/supergraph.yaml:2: ./other/b.graphql is not valid GraphQL; it is not quoted, because it is outside of the repository of supergraph.yaml.',
    );
    expect(JSON.stringify([clash, unreadable])).not.toContain('secret');
  });

  it('answers as one JSON object: the schema or where it is, and the findings', async () => {
    await project({ a: `${GOOD}enum Unused { ONE }` });
    const hint = {
      code: 'UNUSED_ENUM_TYPE',
      severity: 'hint',
      subgraph: 'a',
      place: { file: 'schemas/a.graphql', line: 3, column: 6 },
    };
    const { exitCode, printed, complained } = await compose('--json');
    expect([exitCode, complained]).toEqual([0, '']);
    expect(JSON.parse(printed)).toMatchObject({
      ok: true,
      sdl: expect.stringContaining('join__Graph'),
      findings: [hint],
    });
    const written = await compose('--json', '--output', './out.graphql');
    expect(JSON.parse(written.printed)).toEqual({
      ok: true,
      output: './out.graphql',
      findings: [expect.objectContaining(hint)],
    });
    await project(CLASH);
    const failed = await compose('--json');
    expect(failed).toMatchObject({ exitCode: 1, complained: '' });
    expect(JSON.parse(failed.printed)).toEqual({
      ok: false,
      findings: [
        {
          code: 'INVALID_FIELD_SHARING',
          severity: 'error',
          message: expect.stringContaining('Query.f'),
          subgraph: 'a',
          place: { file: 'schemas/a.graphql', line: 1, column: 14 },
          alsoAt: [{ file: 'schemas/b.graphql', line: 2, column: 3 }],
          repair: expect.any(String),
        },
      ],
    });
  });

  it('tells findings as CI systems read them', async () => {
    await project(CLASH);
    expect(await compose('--format', 'github')).toMatchObject({
      exitCode: 1,
      printed: expect.stringMatching(
        /^::error file=schemas\/a\.graphql,line=1,col=14,title=INVALID_FIELD_SHARING \(subgraph a\)::[^\n]*\n$/,
      ),
      complained: 'The subgraphs do not compose: 1 error.\n',
    });
    expect((await compose('--format', 'junit')).printed).toMatch(
      /^<\?xml[\s\S]*<testsuite name="stack compose" tests="1" failures="1"/,
    );
    await project({ a: GOOD });
    expect(await compose('--format', 'markdown')).toEqual({
      exitCode: 0,
      printed: '**stack compose**: no findings.\n',
      complained: '',
      error: null,
    });
    expect(await compose('--format', 'junit', '--json')).toMatchObject({
      exitCode: 2,
      error: '--json and --format junit are two ways to tell the same: leave out one of them.',
    });
    expect((await compose('--format', 'text', '--json')).printed).toMatch(/^\{.*\}\n$/);
    expect((await compose('--format', 'html')).error).toContain("argument 'html' is invalid");
  });

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['no supergraph.yaml', {}, './supergraph.yaml cannot be read (ENOENT).'],
    [
      'what is not YAML',
      { 'supergraph.yaml': 'subgraphs:\n  a: {\n' },
      './supergraph.yaml:3:1: this is not valid YAML: ',
    ],
    [
      'an unknown key of a product',
      { 'supergraph.yaml': 'subgraphs: {}\nproducts:\n  a:\n    module: x\n    hostz: []\n' },
      './supergraph.yaml:5: "products.a.hostz" is not a known key.',
    ],
    [
      'two subgraphs of one name',
      { 'supergraph.yaml': 'subgraphs:\n  a: {}\n  b: {}\n  a: {}\n' },
      './supergraph.yaml:4: "subgraphs.a" is already there, in line 2: two cannot have one name.',
    ],
    [
      'a missing schema',
      { 'supergraph.yaml': 'subgraphs:\n  a:\n    routing_url: http://a.test\n    schema: { file: a.graphql }\n' },
      './supergraph.yaml:4: ./a.graphql cannot be read (ENOENT).',
    ],
    [
      'a schema of 50 MB',
      {
        'supergraph.yaml': 'subgraphs:\n  a:\n    routing_url: http://a.test\n    schema:\n      file: a.graphql\n',
        'a.graphql': '#'.repeat(50 * 1_024 * 1_024),
      },
      './supergraph.yaml:5: ./a.graphql has more than 10 MB, the most a schema may have.',
    ],
  ])('ends with 2 and one sentence, the file untouched, for %s', async (_what, files, sentence) => {
    await write({ ...files, 'supergraph.graphql': 'the old one' });
    const { exitCode, printed, complained, error } = await compose('--output', './supergraph.graphql');
    expect([exitCode, printed, complained]).toEqual([2, '', '']);
    expect(error).toMatch(/^[^\n]*\.$/);
    expect(error!.startsWith(sentence)).toBe(true);
    expect(await readFile(join(folder, 'supergraph.graphql'), 'utf8')).toBe('the old one');
  });

  it('ends with 2 where the schema cannot be written', async () => {
    await project({ a: GOOD });
    expect(await compose('--output', './nowhere/supergraph.graphql')).toMatchObject({
      exitCode: 2,
      error: './nowhere/supergraph.graphql cannot be written (ENOENT).',
    });
  });
});

describe('Writing atomically', () => {
  it('keeps the mode of a file, and a link a link', async () => {
    await writeFile(join(folder, 'real'), 'old');
    await chmod(join(folder, 'real'), 0o664); // more than most umasks leave
    await symlink(join(folder, 'real'), join(folder, 'link'));
    await writeAtomically(join(folder, 'link'), 'new');
    expect(await readFile(join(folder, 'real'), 'utf8')).toBe('new');
    expect((await stat(join(folder, 'real'))).mode & 0o777).toBe(0o664);
    expect((await readdir(folder)).sort()).toEqual(['link', 'real']);
  });

  it('refuses a directory and leaves no draft', async () => {
    await mkdir(join(folder, 'taken'));
    await expect(writeAtomically(join(folder, 'taken'), 'new')).rejects.toThrow(FileUnwritable);
    expect(await readdir(folder)).toEqual(['taken']);
  });
});

describe('Watching supergraph.yaml', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  /** Every look that was told, and a way to wait for one of a kind. */
  async function watching() {
    const looks: SupergraphLook[] = [];
    let heard: () => void = () => undefined;
    const close = await watchSupergraph(join(folder, 'supergraph.yaml'), (look) => {
      looks.push(look);
      heard();
    });
    closing.push(close);
    /** The next look that satisfies, from those that nobody has waited for. */
    let seen = 0;
    const next = async (satisfies: (look: SupergraphLook) => boolean): Promise<SupergraphLook> => {
      for (;;) {
        while (seen < looks.length) {
          const look = looks[seen++]!;
          if (satisfies(look)) return look;
        }
        await new Promise<void>((resolve) => void (heard = resolve));
      }
    };
    return { looks, next };
  }
  const has = (type: string) => (look: SupergraphLook) =>
    look.kind === 'composed' && look.sdl.includes(`type ${type}\n`);
  const isUnreadable = (look: SupergraphLook) => look.kind === 'unreadable';

  it('composes anew when a schema is written, replaced, taken away and put back', async () => {
    await project({ a: GOOD });
    const { next } = await watching();
    await next(has('Thing'));
    await write({ 'schemas/a.graphql': GOOD.replaceAll('Thing', 'Written') });
    await next(has('Written'));
    await write({ 'schemas/draft': GOOD.replaceAll('Thing', 'Replaced') });
    await rename(join(folder, 'schemas/draft'), join(folder, 'schemas/a.graphql'));
    await next(has('Replaced'));
    await write({ 'schemas/a.graphql': 'type Query {' });
    expect(await next(({ kind }) => kind === 'failed')).toMatchObject({ findings: [{ code: 'INVALID_GRAPHQL' }] });
    await rm(join(folder, 'schemas/a.graphql'));
    expect(await next(isUnreadable)).toMatchObject({
      message: expect.stringContaining('a.graphql cannot be read (ENOENT)'),
    });
    await write({ 'schemas/a.graphql': GOOD });
    await next(has('Thing'));
  });

  it('follows supergraph.yaml to other files, tells what is wrong with it, and waits for it', async () => {
    await project({ a: GOOD });
    const { next } = await watching();
    await next(has('Thing'));
    await project({ a: GOOD, b: 'type Query { b: Other }\ntype Other @key(fields: "id") { id: ID! }' });
    await next(has('Other'));
    await write({ 'schemas/b.graphql': 'type Query { b: Later }\ntype Later @key(fields: "id") { id: ID! }' });
    await next(has('Later'));
    await write({ 'supergraph.yaml': 'subgraphs: [' });
    await next((look) => isUnreadable(look) && (look as { message: string }).message.includes('not valid YAML'));
    await rm(join(folder, 'supergraph.yaml'));
    await next((look) => isUnreadable(look) && (look as { message: string }).message.includes('ENOENT'));
    await project({ a: GOOD.replaceAll('Thing', 'Back') });
    await next(has('Back'));
  });

  it('waits for a schema that is not there yet', async () => {
    await project({ a: GOOD });
    await rm(join(folder, 'schemas/a.graphql'));
    const { next } = await watching();
    await next(isUnreadable);
    await write({ 'schemas/a.graphql': GOOD });
    await next(has('Thing'));
  });

  it('tells nothing where nothing is new', async () => {
    await project({ a: GOOD });
    const { looks, next } = await watching();
    await write({ 'schemas/a.graphql': GOOD });
    await write({ 'schemas/a.graphql': GOOD.replaceAll('Thing', 'New') });
    await next(has('New'));
    expect(looks.filter(has('Thing'))).toHaveLength(1);
  });

  it('goes on where what it told could not be used', async () => {
    await project({ a: GOOD });
    const told: SupergraphLook[] = [];
    const heard = new Promise<void>((resolve, reject) => {
      watchSupergraph(join(folder, 'supergraph.yaml'), (look) => {
        told.push(look);
        if (told.length === 2) throw new Error('No space is left.');
        if (told.length === 3) resolve();
      }).then((close) => void closing.push(close), reject);
    });
    while (told.length === 0) await new Promise(setImmediate);
    await write({ 'schemas/a.graphql': GOOD.replaceAll('Thing', 'New') });
    await heard;
    expect(told[2]).toEqual({ kind: 'unreadable', message: 'No space is left.' });
  });
});
