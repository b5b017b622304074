import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseSupergraphConfig } from '@inevitable/gateway';
import { until } from '@inevitable/kit/testing';
import fc from 'fast-check';
import { addToList, addToLockFile } from '../parts/new-subgraph/edit-json.js';
import { addToSupergraph } from '../parts/new-subgraph/edit-supergraph.js';
import { freePort } from '../parts/new-subgraph/free-port.js';
import { articleBefore, pluralOf, singularOf } from '../parts/new-subgraph/name-forms.js';
import { renameStarter, type SourceFile } from '../parts/new-subgraph/rename-starter.js';
import { parseNames, SubgraphRefused } from '../parts/new-subgraph/subgraph-names.js';
import { runCommand } from '../test-support/run-command.js';
import { writeFiles } from '../test-support/write-files.js';
import { newCommand } from './new.js';

const ROOT = process.cwd();
const NOW = new Date('2026-11-22T09:30:00Z');
const SUPERGRAPH = `# Which subgraphs exist.
subgraphs:
  identity: # users and tenants
    routing_url: http://127.0.0.1:3333/graphql
    schema: { file: identity.graphql }
  starter:
    routing_url: http://127.0.0.1:4001/graphql
    schema:
      file: subgraphs/starter/schema.graphql # the smallest one

# What deployment knows.
products:
  identity: { module: '@inevitable/identity', path_prefix: [/identity, /auth] }
  starter:
    module: '@inevitable/starter'
    path_prefix: /starter
    auth_required: true # the last line
`;
const LOCK = {
  name: 'stack',
  lockfileVersion: 3,
  packages: {
    '': { name: 'stack', workspaces: ['subgraphs/kit', 'subgraphs/starter', 'gateway'] },
    'node_modules/@inevitable/starter': { resolved: 'subgraphs/starter', link: true },
    'node_modules/zod': { version: '4.6.7' },
    'subgraphs/starter': { name: '@inevitable/starter', version: '0.1.0' },
  },
};

let original: string;
let root: string;
beforeAll(async () => {
  original = await mkdtemp(join(tmpdir(), 'stack-new-'));
  await cp(join(ROOT, 'subgraphs/starter'), join(original, 'subgraphs/starter'), {
    recursive: true,
    filter: (path) => !/\/(dist|generated)$/.test(path),
  });
  const files: Record<string, string> = {
    'supergraph.yaml': SUPERGRAPH,
    'identity.graphql':
      'type Query { me: User }\ntype User @key(fields: "id") { id: ID! }\ntype Tenant @key(fields: "id") { id: ID! }\ntype Plan { name: String }\n',
    'package.json':
      '{\n  "name": "stack",\n  "workspaces": [\n    "subgraphs/kit",\n    "subgraphs/starter",\n    "gateway"\n  ]\n}\n',
    'tsconfig.json':
      '{\n  "files": [],\n  "references": [\n    { "path": "subgraphs/starter" },\n    { "path": "gateway" }\n  ]\n}\n',
    'package-lock.json': `${JSON.stringify(LOCK, null, 2)}\n`,
    'node_modules/.package-lock.json': `${JSON.stringify({ ...LOCK, packages: { 'node_modules/zod': {} } }, null, 2)}\n`,
    // In place of the real tools: what they would do takes many seconds, and is shown among the faults.
    'node_modules/prettier/bin/prettier.cjs': '',
    'node_modules/jest/bin/jest.js': 'console.error("Tests:       32 passed, 32 total");',
    'scripts/bin/prepare.js': '',
    '.stack/compile.done': 'as it was',
  };
  await writeFiles(original, files);
  await mkdir(join(original, 'node_modules/@inevitable'));
  await symlink('../../subgraphs/starter', join(original, 'node_modules/@inevitable/starter'));
});
afterAll(() => rm(original, { recursive: true, force: true }));

let interrupt: AbortController;

const stack = (...args: string[]) =>
  runCommand(
    [(program, world) => newCommand(program, world, { now: NOW, signal: interrupt.signal })],
    { root, env: { PATH: process.env['PATH'] } },
    args,
  );

/** Every file and link below the root, with its bytes or its target, and its time. */
async function everything(folder = root): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length + 1);
    if (entry.isSymbolicLink()) all[name] = `→ ${await readlink(path)}`;
    else if (entry.isDirectory()) all[name] = 'a folder';
    else all[name] = `${(await stat(path)).mtimeMs} ${await readFile(path, 'latin1')}`;
  }
  return all;
}

const textOf = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

describe('stack new subgraph', () => {
  beforeEach(async () => {
    interrupt = new AbortController();
    root = await mkdtemp(join(tmpdir(), 'stack-new-'));
    await cp(original, root, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  it('makes a subgraph from the starter, under its own names, and names it in every file that has to know', async () => {
    const { error, printed, exitCode } = await stack('new', 'subgraph', 'claude-config', '--entity', 'UsageEntry');
    expect({ error, exitCode }).toEqual({ error: null, exitCode: 0 });
    expect(printed).toMatch(
      /^claude-config is in subgraphs\/claude-config: \d+ files, the type UsageEntry, port 40\d\d/,
    );
    expect(printed).toContain('32 of its tests pass');
    expect(printed).toContain('createUsageEntry(input: { text:');
    expect(await readlink(join(root, 'node_modules/@inevitable/claude-config'))).toBe('../../subgraphs/claude-config');
    const config = parseSupergraphConfig(await textOf('supergraph.yaml'), 'supergraph.yaml');
    expect(config.subgraphs.get('claude-config')).toMatchObject({
      schema: { kind: 'file', file: 'subgraphs/claude-config/schema.graphql' },
    });
    expect(config.products.get('claude-config')).toMatchObject({
      module: '@inevitable/claude-config',
      pathPrefixes: ['/claude-config'],
    });
    expect(JSON.parse(await textOf('package.json'))).toEqual({
      name: 'stack',
      workspaces: ['subgraphs/kit', 'subgraphs/starter', 'subgraphs/claude-config', 'gateway'],
    });
    expect(await textOf('tsconfig.json')).toContain(
      '    { "path": "subgraphs/starter" },\n    { "path": "subgraphs/claude-config" },\n    { "path": "gateway" }\n',
    );
    const lock = JSON.parse(await textOf('package-lock.json')) as typeof LOCK;
    expect(Object.keys(lock.packages)).toEqual([
      '',
      'node_modules/@inevitable/claude-config',
      'node_modules/@inevitable/starter',
      'node_modules/zod',
      'subgraphs/claude-config',
      'subgraphs/starter',
    ]);
    expect(lock.packages[''].workspaces).toContain('subgraphs/claude-config');
    expect(await textOf('subgraphs/claude-config/subgraph.ts')).toMatch(
      /name: 'claude-config',\n {2}owner: 'team-claude-config',\n.*\n {2}permissions: \['claude-config:usage-entries:read', /,
    );
    expect(
      await textOf('subgraphs/claude-config/prisma/migrations/20261122093000_usage_entries/migration.sql'),
    ).toMatch(/^CREATE TABLE usage_entries \([^]*SELECT protect_tenant_table\('usage_entries'\);/);
    expect(await textOf('subgraphs/claude-config/schema.graphql')).toContain(
      `"A usage entry of the caller's tenant whenever it has changed`,
    );
  });

  it('tells all of it as one JSON object, and runs no tests where it is told so', async () => {
    const { printed } = await stack(
      ...['new', 'subgraph', 'invoices', '--port', '4077', '--directory', 'subgraphs/billing/invoices'],
      ...['--no-test', '--json'],
    );
    expect(JSON.parse(printed)).toMatchObject({
      ok: true,
      product: 'invoices',
      package: '@inevitable/invoices',
      entity: 'Invoice',
      plural: 'Invoices',
      port: 4077,
      directory: 'subgraphs/billing/invoices',
      files: expect.arrayContaining(['subgraphs/billing/invoices/resolvers/create-invoice.ts']),
      edited: [
        'supergraph.yaml',
        'package.json',
        'tsconfig.json',
        'package-lock.json',
        'node_modules/.package-lock.json',
      ],
      example: { read: '{ viewer { tenant { name invoices(first: 5) { nodes { id text wordCount } } } } }' },
      testsPassed: null,
    });
    expect(JSON.parse(await textOf('subgraphs/billing/invoices/tsconfig.json'))).toMatchObject({
      extends: '../../../tsconfig.base.json',
      references: [{ path: '../../kit' }],
    });
  });

  it('has --help with examples and what its exit codes mean', async () => {
    const { printed } = await stack('new', 'subgraph', '--help');
    expect(printed).toMatch(
      /^Usage: stack new subgraph \[options\] <name>[^]*all or nothing[^]*Exit code: 0 made, 1 [^]*Examples:/,
    );
    expect((await stack('new', '--help')).printed).toMatch(/^Usage: stack new [^]*Examples:\n {2}stack new subgraph/);
  });

  it('says with --dry-run what it would write, and writes nothing', async () => {
    const before = await everything();
    const text = await stack('new', 'subgraph', 'invoices', '--dry-run');
    expect(text).toMatchObject({ error: null, exitCode: 0 });
    expect(text.printed).toContain('  new      subgraphs/invoices/schema.graphql\n');
    expect(text.printed).toContain('  changed  supergraph.yaml\n');
    expect(JSON.parse((await stack('new', 'subgraph', 'invoices', '--dry-run', '--json')).printed)).toMatchObject({
      ok: true,
      dryRun: true,
    });
    expect(await everything()).toEqual(before);
  });

  it.each([
    ['Planner', [], /"Planner" is no name for a product/],
    ['a_b', [], /"a_b" is no name for a product/],
    ['-x', [], /unknown option/],
    ['starter', [], /"starter" is a word of the stack itself/],
    ['identity', [], /"identity" is a word of the stack itself/],
    ['compose', [], /"compose" is a word of the stack itself/],
    ['public', [], /"public" is a word of the stack itself/],
    ['pg-tools', [], /"pg-tools" is a word of the stack itself/],
    ['package', [], /"package" is a word of JavaScript/],
    ['primary', [], /"primary" is a word of SQL/],
    ['x'.repeat(57), [], /PostgreSQL cuts the names of its roles beyond 56/],
    ['invoices', ['--entity', 'invoice'], /--entity "invoice" is no name for a type/],
    ['invoices', ['--entity', 'Query'], /The type "Query" is there already/],
    ['invoices', ['--entity', 'Plan'], /The subgraph "identity" has "Plan" already/],
    ['invoices', ['--entity', 'User'], /The type "User" is there already/],
    ['invoices', ['--entity', 'Note'], /The subgraph "starter" has "Query.note" already/],
    ['invoices', ['--entity', 'UserInput'], /ends as the types do/],
    ['invoices', ['--entity', 'Return'], /is a word of JavaScript/],
    ['invoices', ['--entity', 'X'.padEnd(40, 'x')], /PostgreSQL cuts the names of its indexes beyond 35/],
    ['invoices', ['--entity', 'Series', '--plural', 'Series'], /the same in the plural/],
    ['invoices', ['--entity', 'Author'], /makes a name, "author", that .* uses for something else/],
    ['invoices', ['--port', '4001'], /Port 4001 is that of the subgraph "starter"/],
    ['invoices', ['--port', '70000'], /A port is a number from 1 to 65535/],
    ['invoices', ['--directory', '../elsewhere'], /A product's folder is below subgraphs\//],
    ['invoices', ['--directory', 'subgraphs'], /A product's folder is below subgraphs\//],
    ['invoices', ['--directory', 'subgraphs/starter/invoices'], /is within another product/],
    ['invoices', ['--directory', 'subgraphs/starter'], /exists already/],
    ['invoices', ['--directory', 'subgraphs/In Voices'], /is no folder for a product/],
  ])('refuses %s %j in one sentence, before anything is written', async (name, flags, sentence) => {
    const before = await everything();
    const { error } = await stack('new', 'subgraph', name, ...flags);
    expect(error).toMatch(sentence);
    expect(error).not.toContain('\n');
    expect(await everything()).toEqual(before);
  });

  it.each([
    ['its files cannot be compiled', 'scripts/bin/prepare.js', 'console.error("type error"); process.exit(2);'],
    ['one of its tests fails', 'node_modules/jest/bin/jest.js', 'console.error("expected 3"); process.exit(1);'],
    [
      'preparing wrote half of it and was killed',
      'scripts/bin/prepare.js',
      `const fs = require('fs'); fs.mkdirSync('subgraphs/invoices/dist'); fs.writeFileSync('subgraphs/invoices/dist/x.js', '');
       fs.writeFileSync('.stack/compile.done', 'another'); fs.writeFileSync('.stack/generate.done', 'new');
       process.kill(process.pid, 'SIGKILL');`,
    ],
  ])('takes everything back, byte by byte, where %s', async (_what, tool, code) => {
    await writeFile(join(root, tool), code);
    const before = await everything();
    const { error, complained, exitCode } = await stack('new', 'subgraph', 'invoices');
    expect({ error, exitCode }).toEqual({ error: null, exitCode: 1 });
    expect(complained).toMatch(/invoices was taken back, as it does not hold\. "(scripts|--experimental)/);
    expect(await everything()).toEqual(before);
  });

  it('takes everything back where the new subgraph does not compose', async () => {
    await writeFile(join(root, 'identity.graphql'), 'type Query { me: User }\ntype User { id: ID! }\n');
    const before = await everything();
    const { printed, exitCode } = await stack('new', 'subgraph', 'invoices', '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(printed)).toEqual({ ok: false, message: expect.stringContaining('do not compose') });
    expect(await everything()).toEqual(before);
  });

  it('takes everything back when it is interrupted, and leaves no program of its own running', async () => {
    const pids = join(root, 'pids');
    await writeFile(pids, '');
    const before = await everything();
    // What prepares starts another program, as tsc is one: both are to end.
    await writeFile(
      join(root, 'scripts/bin/prepare.js'),
      `const { spawn } = require('child_process'); const fs = require('fs');
       const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
       fs.writeFileSync(${JSON.stringify(pids)}, process.pid + ' ' + other.pid); setInterval(() => {}, 1000);`,
    );
    const started = until('both run', async () => (await readFile(pids, 'utf8')) !== '');
    void started.then(() => interrupt.abort());
    const { error, printed } = await stack('new', 'subgraph', 'invoices');
    expect(error).toBe('Interrupted: everything is as it was before.');
    expect(printed).toBe('');
    const ran = (await readFile(pids, 'utf8')).split(' ').map(Number);
    expect(ran).toHaveLength(2);
    for (const pid of ran) await until(`${pid} has ended`, () => Promise.resolve(!runs(pid)));
    const after = await everything();
    for (const changed of ['pids', 'scripts/bin/prepare.js']) delete before[changed];
    expect(Object.fromEntries(Object.entries(after).filter(([path]) => path in before))).toEqual(before);
    expect(Object.keys(after).filter((path) => path.includes('invoices'))).toEqual([]);
  });

  it('does not take back what somebody else has changed meanwhile, and says so', async () => {
    await writeFile(
      join(root, 'scripts/bin/prepare.js'),
      `require('fs').appendFileSync('tsconfig.json', '// mine'); process.exit(1);`,
    );
    const { error } = await stack('new', 'subgraph', 'invoices');
    expect(error).toMatch(/tsconfig\.json could not be taken back: somebody has changed it meanwhile$/);
    expect(await textOf('tsconfig.json')).toMatch(/\/\/ mine$/);
    expect(await textOf('supergraph.yaml')).toBe(SUPERGRAPH);
  });
});

/** A zombie runs no more. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const word = fc.stringMatching(/^[a-z]{2,7}$/);

describe('What a new subgraph is called', () => {
  it.each([
    [{ product: 'invoices' }, 'invoices', 'Invoice', 'invoices'],
    [{ product: 'claude-config' }, 'claudeConfig', 'ClaudeConfig', 'claudeConfigs'],
    [{ product: 'policies' }, 'policies', 'Policy', 'policies'],
    [{ product: 'people', entity: 'Person', plural: 'People' }, 'people', 'Person', 'people'],
    [{ product: 'time', entity: 'Series', plural: 'AllSeries' }, 'time', 'Series', 'allSeries'],
  ])('%j', (asked, product, one, many) => {
    const names = parseNames(asked);
    expect([names.product.camel, names.one.pascal, names.many.camel]).toEqual([product, one, many]);
  });

  it.each([
    ['note', 'notes'],
    ['policy', 'policies'],
    ['day', 'days'],
    ['box', 'boxes'],
    ['address', 'addresses'],
    ['branch', 'branches'],
  ])('is one %s of many %s, and back', (one, many) => {
    expect([pluralOf(one), singularOf(many)]).toEqual([many, one]);
  });

  it.each([
    ['invoice', 'an'],
    ['order', 'an'],
    ['usage entry', 'a'],
    ['user', 'a'],
    ['hour', 'an'],
    ['unit', 'a'],
    ['update', 'an'],
    ['task', 'a'],
  ])('%s takes the article %s', (spoken, article) => {
    expect(articleBefore(spoken)).toBe(article);
  });

  it("leaves nothing of the starter's names in any file, whatever it is called", async () => {
    const files: SourceFile[] = [];
    const starter = join(ROOT, 'subgraphs/starter');
    for (const entry of await readdir(starter, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name).slice(starter.length + 1);
      if (entry.isFile() && !/^(dist|generated|node_modules)\//.test(path))
        files.push({ path, text: await readFile(join(starter, path), 'utf8') });
    }
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 3 }),
        fc.array(word, { minLength: 1, maxLength: 2 }),
        (product, one) => {
          const entity = one.map((each) => `${each.charAt(0).toUpperCase()}${each.slice(1)}q`).join('');
          let renamed: readonly SourceFile[];
          try {
            renamed = renameStarter(files, parseNames({ product: `${product.join('-')}-q`, entity }), NOW);
          } catch (error) {
            if (error instanceof SubgraphRefused) return; // a word of the stack
            throw error;
          }
          for (const { path, text } of renamed)
            expect(`${path}\n${text}`).not.toMatch(/starter|(?<![a-z])notes?(?![a-z])|Notes?(?![a-z])/i);
          expect(new Set(renamed.map(({ path }) => path)).size).toBe(files.length);
          const textOf = (ending: string) => renamed.find(({ path }) => path.endsWith(ending))!.text;
          const [, table] = /CREATE TABLE (\w+)/.exec(textOf('migration.sql'))!;
          expect(textOf('subgraph.ts')).toContain(`tenantData: { ${table}: { personColumn: 'created_by' } }`);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('supergraph.yaml with one subgraph more', () => {
  const ENTRY = { name: 'added', port: 4999, schemaFile: 'added/schema.graphql', module: '@inevitable/added' };
  const isWithin = (part: readonly string[], whole: readonly string[]): boolean => {
    let at = 0;
    for (const line of whole) if (line === part[at]) at += 1;
    return at === part.length;
  };

  it('has it behind the others, written as they are', () => {
    expect(addToSupergraph(SUPERGRAPH, 'supergraph.yaml', ENTRY)).toBe(
      SUPERGRAPH.replace(
        '      file: subgraphs/starter/schema.graphql # the smallest one\n',
        '      file: subgraphs/starter/schema.graphql # the smallest one\n' +
          '  added:\n    routing_url: http://127.0.0.1:4999/graphql\n    schema:\n      file: added/schema.graphql\n',
      ) + `  added:\n    module: '@inevitable/added'\n    path_prefix: /added\n`,
    );
  });

  const comment = fc.constantFrom('', '# a comment', '    # deep', '', '#');
  const subgraph = fc.record({
    name: fc.stringMatching(/^[b-z]{1,6}$/),
    flow: fc.boolean(),
    comment,
    above: comment,
    indent: fc.constantFrom(2, 4),
  });
  const document = fc.record({
    subgraphs: fc.uniqueArray(subgraph, { minLength: 1, maxLength: 4, selector: ({ name }) => name }),
    products: fc.constantFrom('none', 'empty', 'block', 'flow'),
    eol: fc.constantFrom('\n', '\r\n'),
    end: fc.constantFrom('', '\n', '\n\n# the end\n'),
    step: fc.constantFrom('  ', '    '),
  });

  it('keeps every line that was there, byte by byte and in order, with its comments', () => {
    fc.assert(
      fc.property(document, ({ subgraphs, products, eol, end, step }) => {
        const lines = ['# the first line', 'subgraphs: # all of them'];
        for (const { name, flow, comment: behind, above } of subgraphs) {
          if (above) lines.push(above);
          if (flow)
            lines.push(`${step}${name}: { routing_url: "http://a.example/x", schema: { file: a.graphql } } ${behind}`);
          else
            lines.push(
              `${step}${name}: ${behind}`,
              `${step}${step}routing_url: http://a.example/x ${behind}`,
              `${step}${step}schema:`,
              `${step}${step}${step}file: 'a.graphql' ${behind}`,
            );
        }
        lines.push(
          ...{
            none: [],
            empty: ['products: {}'],
            block: ['', 'products:', `${step}a: # one`, `${step}${step}module: x # two`],
            flow: ['products: { a: { module: x } }'],
          }[products],
        );
        const text = lines.join(eol) + end.replaceAll('\n', eol);
        const added = addToSupergraph(text, 'supergraph.yaml', ENTRY);
        const config = parseSupergraphConfig(added, 'supergraph.yaml');
        expect(config.subgraphs.get('added')?.routingUrl).toBe('http://127.0.0.1:4999/graphql');
        expect(config.products.get('added')?.module).toBe('@inevitable/added');
        const kept = text.split(eol).filter((line) => !/^products: \{/.test(line));
        while (kept.at(-1) === '') kept.pop();
        expect(isWithin(kept, added.split(eol))).toBe(true);
      }),
    );
  });

  it('gets the first port that no subgraph has and nobody listens on', async () => {
    const config = parseSupergraphConfig(SUPERGRAPH, 'supergraph.yaml');
    expect(await freePort(config, (port) => Promise.resolve(port !== 4002))).toBe(4003);
  });
});

describe("npm's files with one workspace more", () => {
  it('keep every other line, byte by byte', () => {
    const folders = fc.uniqueArray(fc.stringMatching(/^(subgraphs|gateway)\/[a-z]{1,5}$/), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(folders, fc.constantFrom(2, 4, '\t'), fc.boolean(), (list, indent, ends) => {
        const text = JSON.stringify({ a: 1, workspaces: list, z: { b: [] } }, null, indent) + (ends ? '\n' : '');
        const added = addToList(text, 'package.json', 'workspaces', '"subgraphs/added"', (item) =>
          item.includes('subgraphs/'),
        );
        const { workspaces } = JSON.parse(added) as { workspaces: string[] };
        expect(workspaces.filter((each) => each !== 'subgraphs/added')).toEqual(list);
        expect(JSON.stringify({ a: 1, workspaces, z: { b: [] } }, null, indent) + (ends ? '\n' : '')).toBe(added);
      }),
    );
  });

  it('name it in the lock file where npm would, and leave every other entry as it is', async () => {
    const text = await readFile(join(ROOT, 'package-lock.json'), 'utf8');
    const before = JSON.parse(text) as { packages: Record<string, { workspaces?: string[] }> };
    const { workspaces } = before.packages['']!;
    const workspace = {
      folder: 'subgraphs/quite-new',
      name: '@inevitable/quite-new',
      version: '0.1.0',
      dependencies: { zod: '4.6.7', '@inevitable/kit': '0.1.0' },
    };
    const added = addToLockFile(text, 'package-lock.json', workspace, [...workspaces!, 'subgraphs/quite-new']);
    const { packages } = JSON.parse(added) as typeof before;
    const names = Object.keys(packages);
    expect(names).toEqual([...names].sort((a, b) => a.localeCompare(b, 'en')));
    const [root, ...lines] = [packages['']!, ...text.split('\n')];
    expect(root.workspaces).toEqual([...workspaces!, 'subgraphs/quite-new']);
    const kept = new Set(added.split('\n'));
    expect(lines.filter((line) => !kept.has(line) && !kept.has(`${line},`))).toEqual([]);
    expect(packages['subgraphs/quite-new']).toEqual({
      name: '@inevitable/quite-new',
      version: '0.1.0',
      dependencies: { '@inevitable/kit': '0.1.0', zod: '4.6.7' },
    });
  });
});
