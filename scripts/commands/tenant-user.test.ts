import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@inevitable/kit/testing';
import { runCommand } from '../test-support/run-command.js';
import { ExitCode } from './command.js';
import { tenantCommand } from './tenant.js';
import { userCommand } from './user.js';

let root: string;
let database: TestDatabase;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'stack-tenant-'));
  await writeFile(
    join(root, 'supergraph.yaml'),
    `subgraphs: { identity: { routing_url: "http://127.0.0.1:1/graphql", schema: { file: identity.graphql } } }\n`,
  );
  await writeFile(join(root, 'password.txt'), 'correct horse\n');
  database = await createTestDatabase('empty', () => Promise.resolve());
  env = {
    DATA_DIR: join(root, 'data'),
    DATABASE_URL: database.url,
    LOG_LEVEL: 'silent',
    DEPLOYMENT_CONTEXT: 'customer',
    STACK_SECRET: randomBytes(32).toString('base64'),
  };
});
afterAll(async () => {
  await database.drop();
  await rm(root, { recursive: true, force: true });
});

const stack = (...args: string[]) => runCommand([tenantCommand, userCommand], { root, env }, args);
const ID = '[\\da-f-]{36}';
const done = (printed: string) => ({ exitCode: ExitCode.Ok, printed, complained: '', error: null });
const notDone = (complained: string) => ({ exitCode: ExitCode.Findings, printed: '', complained, error: null });

describe('A new stack of a customer', () => {
  it('has no tenant and no account', async () => {
    expect(await stack('tenant', 'list')).toEqual(done('There are none.\n'));
    expect(JSON.parse((await stack('user', 'list', '--json')).printed)).toEqual({ ok: true, users: [] });
  });

  it('gets its first administrator by a link that is printed, and no account before it is used', async () => {
    await stack('tenant', 'create', '--slug', 'platform', '--name', 'Platform');
    const { printed, exitCode } = await stack(
      'user',
      'invite-admin',
      '--email',
      'Ada@ops.test',
      '--tenant',
      'platform',
    );
    expect(exitCode).toBe(ExitCode.Ok);
    expect(printed).toMatch(
      /^http:\/\/\S+\/auth\/invitation#token=(\S+)\n\nmakes ada@ops\.test a platform administrator, and owner of "platform"\. [^]* \1\n$/,
    );
    expect(await stack('user', 'list')).toEqual(done('There are none.\n'));
  });
});

describe('stack tenant', () => {
  it('makes, lists and renames tenants', async () => {
    expect((await stack('tenant', 'create', '--slug', 'acme', '--name', 'Acme', '--plan', 'pro')).printed).toMatch(
      new RegExp(`^The tenant "acme" is made: ${ID}\n$`),
    );
    expect(await stack('tenant', 'rename', 'acme', 'Acme Works')).toEqual(
      done('The tenant "acme" is called "Acme Works" from now on.\n'),
    );
    expect((await stack('tenant', 'list')).printed).toMatch(
      new RegExp(
        `^acme      active  pro   0 members  ${ID}  Acme Works\nplatform  active  free  0 members  ${ID}  Platform\n$`,
      ),
    );
  });

  it('suspends and reactivates', async () => {
    const statusOfAcme = async () =>
      JSON.parse((await stack('tenant', 'list', '--json')).printed).tenants.find(
        ({ slug }: { slug: string }) => slug === 'acme',
      ).status;
    expect(await stack('tenant', 'suspend', 'acme', '--reason', 'unpaid')).toEqual(
      done('The tenant "acme" is suspended.\n'),
    );
    expect(await statusOfAcme()).toBe('suspended');
    expect(JSON.parse((await stack('tenant', 'reactivate', 'acme', '--json')).printed)).toEqual({
      ok: true,
      tenantId: expect.any(String),
      status: 'active',
    });
    expect(await statusOfAcme()).toBe('active');
  });

  it('gives a tenant up, and keeps it after all', async () => {
    await stack('tenant', 'create', '--slug', 'hesitant', '--name', 'Hesitant');
    const { printed, exitCode } = await stack('tenant', 'delete', 'hesitant', '--reason', 'gave notice');
    expect([exitCode, printed]).toEqual([
      ExitCode.Ok,
      expect.stringMatching(
        new RegExp(`^The tenant "hesitant" is given up, and erased after \\S+Z\\. Until then: stack tenant keep hesitant
What is left of it: stack tenant left ${ID}\n$`),
      ),
    ]);
    expect((await stack('tenant', 'list')).printed).toMatch(/^hesitant {2}deleting/m);
    expect(await stack('tenant', 'delete', 'hesitant')).toEqual(notDone('The tenant is being deleted.\n'));
    expect(await stack('tenant', 'keep', 'hesitant')).toEqual(done('The tenant "hesitant" stays, and is active.\n'));
    expect(await stack('tenant', 'keep', 'hesitant')).toEqual(
      notDone('The tenant is not being deleted, or its grace is over.\n'),
    );
  });

  it('says what is left of a tenant in every product, and exits with 1 while something is', async () => {
    const [, id] = new RegExp(`acme .* (${ID})`).exec((await stack('tenant', 'list')).printed)!;
    const { printed, exitCode } = await stack('tenant', 'left', id!);
    expect([exitCode, printed]).toEqual([
      ExitCode.Findings,
      expect.stringMatching(/^identity +table tenants +1\n[^]*It was not given up\.\n$/),
    ]);
    expect(await stack('tenant', 'left', '0198c5a2-7e1f-7c11-9d52-3f6a1c0e9b44')).toEqual(
      done('Nothing is left but its chain in the audit.\nIt was not given up.\n'),
    );
    expect(await stack('tenant', 'left', 'acme')).toEqual(
      notDone('id is no id of a tenant: a tenant that is gone has no slug any more\n'),
    );
  });

  it('is administered while the file store is down, and says so where files are needed', async () => {
    const down = {
      ...env,
      S3_ENDPOINT: 'http://127.0.0.1:1',
      S3_BUCKET: 'stack-files',
      S3_ACCESS_KEY_ID: 'x',
      S3_SECRET_ACCESS_KEY: 'x',
    };
    const meanwhile = (...args: string[]) => runCommand([tenantCommand], { root, env: down }, ['tenant', ...args]);
    expect(await meanwhile('rename', 'acme', 'Acme Works')).toMatchObject({ error: null, exitCode: ExitCode.Ok });
    const [, id] = new RegExp(`acme .* (${ID})`).exec((await meanwhile('list')).printed)!;
    const { exitCode, error } = await meanwhile('left', id!);
    expect([exitCode, error]).toEqual([ExitCode.CouldNotRun, expect.stringContaining('Files cannot be kept in')]);
  });

  it.each([
    [['export', 'nowhere', '--output', './nowhere.tar'], 'No such tenant.\n'],
    [['export', 'acme', '--output', './password.txt'], 'There is a file ./password.txt already: name another one.\n'],
    [['create', '--slug', 'acme', '--name', 'Twin'], 'There is a tenant "acme" already.\n'],
    [
      ['create', '--slug', 'A', '--name', 'A'],
      'slug is 2 to 31 lower-case letters, digits and hyphens, a letter first\n',
    ],
    [['suspend', 'nowhere'], 'No such tenant.\n'],
  ])('exits with 1 and says why for %j', async (args, sentence) => {
    expect(await stack('tenant', ...args)).toEqual(notDone(sentence));
  });

  it('exits with 1 in JSON, too', async () => {
    const { exitCode, printed } = await stack('tenant', 'suspend', 'nowhere', '--json');
    expect([exitCode, JSON.parse(printed)]).toEqual([
      ExitCode.Findings,
      { ok: false, code: 'NOT_FOUND', message: 'No such tenant.' },
    ]);
  });
});

describe('stack user', () => {
  const create = (...more: string[]) =>
    stack('user', 'create', '--email', 'bob@acme.test', '--display-name', 'Bob', '--tenant', 'acme', ...more);

  it('makes and lists people, with a password from a file', async () => {
    expect((await create('--roles', 'viewer', '--password-file', 'password.txt')).printed).toMatch(
      new RegExp(`^The account of bob@acme\\.test is made: ${ID}\n$`),
    );
    expect((await stack('user', 'list')).printed).toMatch(
      new RegExp(`^bob@acme\\.test  active  -  acme  ${ID}  Bob\n$`),
    );
    expect(await create('--password-file', 'password.txt')).toEqual(
      notDone('That e-mail address or user name is taken.\n'),
    );
  });

  it('disables and enables', async () => {
    expect(await stack('user', 'disable', 'BOB@acme.test')).toEqual(done('BOB@acme.test is disabled.\n'));
    expect((await stack('user', 'list')).printed).toContain('bob@acme.test  disabled');
    expect(await stack('user', 'enable', 'bob@acme.test')).toEqual(done('bob@acme.test is enabled.\n'));
    expect(await stack('user', 'disable', 'nobody')).toEqual(notDone('No such user.\n'));
  });

  it('exits with 2 where it cannot be tried', async () => {
    expect(await create('--password-file', 'missing.txt')).toMatchObject({
      exitCode: ExitCode.CouldNotRun,
      error: expect.stringContaining('missing.txt'),
    });
    expect(await create()).toMatchObject({
      exitCode: ExitCode.CouldNotRun,
      error: "error: required option '--password-file <file>' not specified",
    });
  });
});

it.each([
  [['tenant']],
  [['tenant', 'list']],
  [['tenant', 'create']],
  [['tenant', 'rename']],
  [['tenant', 'suspend']],
  [['tenant', 'reactivate']],
  [['user']],
  [['user', 'list']],
  [['user', 'create']],
  [['user', 'invite-admin']],
  [['user', 'disable']],
  [['user', 'enable']],
])('stack shows by an example how it is used: %j', async (args) => {
  const { printed, exitCode } = await stack(...args, '--help');
  expect(exitCode).toBe(ExitCode.Ok);
  expect(printed).toMatch(/Examples?:\n {2}stack (tenant|user) /);
});
