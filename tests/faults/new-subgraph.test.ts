import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, until } from '@inevitable/kit/testing';
import { copyOfClone, type CopyOfClone, type RunningInCopy } from '../support/copy-of-clone.js';

let clone: CopyOfClone;
beforeAll(async () => {
  clone = await copyOfClone({ git: true });
  // Nothing to do, unless a source was changed since the last start.
  expect(await clone.start(['scripts/bin/prepare.js']).ended).toBe(0);
});
afterAll(() => clone?.remove());

afterEach(() => clone.stop());

const stack = (...args: string[]): RunningInCopy => clone.start(['scripts/bin/stack.js', ...args]);

async function git(...args: string[]): Promise<string> {
  return (await promisify(execFile)('git', args, { cwd: clone.root })).stdout;
}

/** Of every file that git does not look at, too. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256').update(await git('status', '--porcelain'));
  for (const file of [
    'supergraph.yaml',
    'package.json',
    'tsconfig.json',
    'package-lock.json',
    'node_modules/.package-lock.json',
    '.stack/compile.done',
    '.stack/install.done',
    '.stack/generate.done',
  ])
    hash.update(await readFile(join(clone.root, file)));
  for (const folder of ['subgraphs', 'node_modules/@inevitable'])
    hash.update((await readdir(join(clone.root, folder))).join());
  return hash.digest('hex');
}

describe('A subgraph made by "stack new subgraph"', () => {
  it('answers its tenant, and shows another tenant nothing', async () => {
    const made = stack('new', 'subgraph', 'claude-config', '--entity', 'SavedConfiguration', '--json');
    expect({ code: await made.ended, output: made.output() }).toEqual({ code: 0, output: expect.any(String) });
    const told = JSON.parse(made.printed()) as { testsPassed: number; example: { write: string; read: string } };
    expect(told).toMatchObject({ ok: true, product: 'claude-config', entity: 'SavedConfiguration', linted: true });
    expect(told.testsPassed).toBeGreaterThan(20);

    const database = await createTestDatabase('empty', () => Promise.resolve());
    const { post, signIn } = await clone.startStack(database);
    const [ada, gus] = await Promise.all([signIn('ada@acme.test'), signIn('gus@globex.test')]);
    const written = await post('/graphql', { query: told.example.write }, ada);
    const saved = { id: expect.any(String), text: 'three small words' };
    expect(written).toEqual({ data: { createSavedConfiguration: saved } });
    const { id } = (written['data'] as { createSavedConfiguration: { id: string } }).createSavedConfiguration;
    const listOf = async (token: string): Promise<unknown> =>
      (await post('/graphql', { query: told.example.read }, token))['data'];
    expect(await listOf(ada)).toMatchObject({
      viewer: { tenant: { savedConfigurations: { nodes: [{ id, text: 'three small words' }] } } },
    });
    expect(await listOf(gus)).toMatchObject({ viewer: { tenant: { savedConfigurations: { nodes: [] } } } });
    const READ = 'query ($id: ID!) { savedConfiguration(id: $id) { text } }';
    const ask = (of: string) => post('/graphql', { query: READ, variables: { id: of } }, gus);
    expect(await ask(id)).toEqual(await ask('01a1fdd6-0000-7000-8000-000000000000'));
    expect(await ask(id)).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
    await until('its job has counted the words', async () =>
      JSON.stringify(await listOf(ada)).includes('"wordCount":3'),
    );
    await clone.stop();
    await database.drop();
  }, 240_000);

  it('composes, is formatted and linted as the rest is, and keeps the contract of every product', async () => {
    const run = async (...args: string[]) => {
      const tool = clone.start(args, { STACK_TEST_CLUSTER: process.env['STACK_TEST_CLUSTER']! });
      return { code: await tool.ended, output: tool.output() };
    };
    const passes = { code: 0, output: expect.any(String) };
    expect(await run('scripts/bin/stack.js', 'compose', '--output', 'composed.graphql')).toEqual(passes);
    expect(
      await run(
        'node_modules/prettier/bin/prettier.cjs',
        '--check',
        'subgraphs/claude-config',
        'supergraph.yaml',
        'package.json',
        'tsconfig.json',
      ),
    ).toEqual(passes);
    expect(await run('node_modules/eslint/bin/eslint.js', 'subgraphs/claude-config')).toEqual(passes);
    const contract = await run(
      ...['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '--selectProjects', 'unit'],
      ...['--testPathPatterns', 'product-contract\\.test', '--testNamePattern', 'claude-config'],
    );
    expect(contract).toEqual({ code: 0, output: expect.stringMatching(/Tests: +\d+ skipped, \d\d passed/) });
  });

  it('is in a lock file that "npm ci" takes, and that npm itself would have written', async () => {
    const npm = (...args: string[]) =>
      promisify(execFile)('npm', [...args, '--ignore-scripts', '--offline', '--no-audit', '--no-fund'], {
        cwd: clone.root,
      });
    const lock = await readFile(join(clone.root, 'package-lock.json'), 'utf8');
    await expect(npm('ci', '--dry-run')).resolves.toMatchObject({ stdout: expect.any(String) });
    expect(lock).toContain('"node_modules/@inevitable/claude-config": {\n      "resolved": "subgraphs/claude-config",');
    await rmLink();
    await expect(npm('ci', '--dry-run')).rejects.toThrow(/Missing: @inevitable\/claude-config/);
    await restore(lock);
  });

  /** Without it the lock file and package.json disagree, which npm finds out: the test above shows something. */
  async function rmLink(): Promise<void> {
    const lock = JSON.parse(await readFile(join(clone.root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, unknown>;
    };
    for (const key of ['node_modules/@inevitable/claude-config', 'subgraphs/claude-config']) delete lock.packages[key];
    await restore(JSON.stringify(lock, null, 2));
  }
  const restore = (text: string): Promise<void> => writeFile(join(clone.root, 'package-lock.json'), text);
});

describe('"stack new subgraph", broken off', () => {
  it.each([
    ['while it compiles', /generating and compiling …/],
    ['while its tests run', /running its tests …/],
  ])(
    'by Ctrl-C %s leaves everything as it was',
    async (_when, line) => {
      const before = await fingerprint();
      const made = stack('new', 'subgraph', 'broken-off', '--entity', 'Fragment');
      await until('it is that far', () => line.test(made.output()), 150_000);
      made.kill('SIGINT');
      expect({ code: await made.ended, output: made.output() }).toEqual({
        code: 2,
        output: expect.stringContaining('stack: Interrupted: everything is as it was before.\n'),
      });
      expect(await fingerprint()).toBe(before);
      // The next start finds all of it done.
      const again = clone.start(['scripts/bin/prepare.js']);
      expect({ code: await again.ended, output: again.output() }).toEqual({ code: 0, output: '' });
    },
    240_000,
  );

  it('by a refusal exits with 2 and one sentence', async () => {
    const before = await fingerprint();
    const made = stack('new', 'subgraph', 'starter');
    expect({ code: await made.ended, output: made.output() }).toEqual({
      code: 2,
      output: 'stack: "starter" is a word of the stack itself: choose another name for the product.\n',
    });
    expect(await fingerprint()).toBe(before);
  });
});
