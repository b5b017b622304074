import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@inevitable/kit/testing';
import pg from 'pg';
import { Closers } from '../parts/closers.js';
import { seedDemo } from '../parts/identity.js';
import { openForOperator } from '../parts/open-for-operator.js';
import { runCommand, worldIn } from '../test-support/run-command.js';
import { ExitCode } from './command.js';
import { productCommands } from './product.js';

const ROOT = process.cwd();

/** The starter with commands: what a product team would write, loaded by its path as any product is by its name. */
const PRODUCT = `
import starter from ${JSON.stringify(pathToFileURL(join(ROOT, 'subgraphs/starter/dist/index.js')).href)};
import { BadUserInput, newId } from ${JSON.stringify(pathToFileURL(join(ROOT, 'subgraphs/kit/dist/index.js')).href)};

const add = {
  name: 'add-note',
  description: 'write a note',
  options: { '--text <text>': 'what it says', '--dry-run': 'write nothing' },
  examples: ['stack starter add-note --tenant acme --text hello'],
  async run({ options, transaction, files, print }) {
    if (options.text === undefined) throw new BadUserInput('A note needs --text.');
    if (options.text === 'half') {
      return transaction(async ({ db }) => {
        await db.note.create({ data: { id: newId(), text: 'half', createdBy: newId() } });
        throw new BadUserInput('Not this one.');
      });
    }
    print('options: ' + JSON.stringify(options));
    if (options.dryRun) return;
    await transaction(async ({ db, events, jobs }) => {
      const note = await db.note.create({ data: { id: newId(), text: options.text, createdBy: newId() } });
      await events.publish(starter.events[0], { aggregate: note.id, payload: { noteId: note.id } });
      await jobs.enqueue(starter.jobs[0], { noteId: note.id });
    });
    await files.put('notes/last.txt', Buffer.from(options.text));
  },
};
const list = {
  name: 'list-notes',
  description: 'print every note',
  examples: ['stack starter list-notes --tenant acme'],
  async run({ db, files, print }) {
    for (const { text } of await db.note.findMany({ orderBy: { id: 'asc' } })) print('note: ' + text);
    for (const { key } of await files.list('', null)) print('file: ' + key);
  },
};
export default { ...starter, commands: [add, list] };
`;

let folder: string;
let database: TestDatabase;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stack-commands-'));
  database = await createTestDatabase('empty', () => Promise.resolve());
  await writeFile(join(folder, 'product.mjs'), PRODUCT);
  await writeFile(
    join(folder, 'supergraph.yaml'),
    `subgraphs:
  starter: { routing_url: "http://127.0.0.1:1/graphql", schema: { file: starter.graphql } }
  quiet: { routing_url: "http://127.0.0.1:1/graphql", schema: { file: quiet.graphql } }
products:
  starter: { module: ${JSON.stringify(join(folder, 'product.mjs'))}, path_prefix: /starter }
  quiet: { module: ${JSON.stringify(join(folder, 'quiet.mjs'))}, path_prefix: /quiet }
`,
  );
  await writeFile(join(folder, 'quiet.mjs'), `export default { name: 'quiet', owner: 'nobody', resolvers: {} };`);
  env = {
    DATA_DIR: join(folder, 'data'),
    DATABASE_URL: database.url,
    SUPERGRAPH_CONFIG: join(folder, 'supergraph.yaml'),
    LOG_LEVEL: 'silent',
    STACK_DEMO_PASSWORD: 'correct horse battery staple',
  };
  const closers = new Closers();
  const { settings, identity } = await openForOperator(worldIn({ root: folder, env }), closers);
  await seedDemo(settings, identity);
  await closers.closeAll();
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** `stack <args>`, as the command line does it for a word that is none of its own. */
const stack = (...args: string[]) =>
  runCommand(
    [
      (program) => void program.command('start').action(() => undefined),
      (program, world) => productCommands(program, world, args[0]!),
    ],
    { root: folder, env },
    args,
  );
const fine = { exitCode: ExitCode.Ok, complained: '', error: null };

describe("A product's command", () => {
  it('runs for one tenant, with its rows, events, jobs and files, and with the options that were given', async () => {
    expect(await stack('starter', 'add-note', '--tenant', 'acme', '--text', 'hello')).toEqual({
      printed: 'options: {"text":"hello"}\n',
      ...fine,
    });
    expect(await stack('starter', 'list-notes', '--tenant', 'acme')).toEqual({
      printed: 'note: hello\nfile: notes/last.txt\n',
      ...fine,
    });
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query('select kind, name from starter.outbox order by kind');
    await client.end();
    expect(rows).toEqual([
      { kind: 'event', name: 'starter.note.changed.v1' },
      { kind: 'job', name: 'starter.count-words' },
    ]);
  });

  it("sees nothing of another tenant's rows and files", async () => {
    expect(await stack('starter', 'list-notes', '--tenant', 'globex')).toEqual({ printed: '', ...fine });
  });

  it('names its flags as commander does', async () => {
    expect(await stack('starter', 'add-note', '--tenant', 'globex', '--text', 'x', '--dry-run')).toEqual({
      printed: 'options: {"text":"x","dryRun":true}\n',
      ...fine,
    });
  });

  it('that refuses says so in words, and leaves nothing half done', async () => {
    const refused = await stack('starter', 'add-note', '--tenant', 'globex', '--text', 'half');
    expect(refused).toEqual({ exitCode: 1, printed: '', complained: '', error: 'Not this one.' });
    expect(await stack('starter', 'list-notes', '--tenant', 'globex')).toEqual({ printed: '', ...fine });
  });

  it('is refused for a tenant that does not exist, or is being deleted', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query("update identity.tenants set status = 'deleting' where slug = 'globex'");
    for (const slug of ['nobody', '', 'globex', '01a1fdd6-6319-7103-9bae-6d0c335e3857'])
      expect(await stack('starter', 'list-notes', '--tenant', slug)).toMatchObject({
        printed: '',
        error: `There is no tenant "${slug}": give the slug of one, such as --tenant acme.`,
      });
    await client.query("update identity.tenants set status = 'active' where slug = 'globex'");
    await client.end();
  });

  it('needs a tenant, and refuses an option it does not declare', async () => {
    expect(await stack('starter', 'list-notes')).toMatchObject({
      exitCode: 2,
      complained: "error: required option '--tenant <slug>' not specified\n",
    });
    expect(await stack('starter', 'list-notes', '--tenant', 'acme', '--colour')).toMatchObject({
      exitCode: 2,
      complained: "error: unknown option '--colour'\n",
    });
  });

  it('has --help with its options and examples, and its product lists its commands', async () => {
    const { printed } = await stack('starter', 'add-note', '--help');
    expect(printed).toMatch(/^Usage: stack starter add-note \[options\]\n\nwrite a note/);
    for (const line of ['--tenant <slug>', '--text <text>', '--dry-run', 'stack starter add-note --tenant acme --text'])
      expect(printed).toContain(line);
    const ofProduct = (await stack('starter', '--help')).printed;
    expect(ofProduct).toMatch(/^Usage: stack starter \[options\] \[command\]/);
    for (const line of ['add-note', 'write a note', 'list-notes', 'print every note', 'Examples:'])
      expect(ofProduct).toContain(line);
  });
});

describe('A word that is neither a command nor a product', () => {
  it.each([
    [['nonsense'], "error: unknown command 'nonsense'\n"],
    [['identity', 'add-note'], "error: unknown command 'identity'\n"],
    [['starter', 'nonsense'], "error: unknown command 'nonsense'\n"],
    [['quiet'], 'error: the product "quiet" has no commands.\n'],
  ])('is refused in one sentence: %j', async (args, sentence) => {
    expect(await stack(...args)).toMatchObject({ exitCode: 2, printed: '', complained: sentence });
  });
});
