import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@inevitable/kit/testing';
import pg from 'pg';
import { runCommand } from '../test-support/run-command.js';
import { ExitCode } from './command.js';
import { keysCommand } from './keys.js';

let root: string;
let database: TestDatabase;
let env: NodeJS.ProcessEnv;
let owner: pg.Pool;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'stack-keys-'));
  await writeFile(
    join(root, 'supergraph.yaml'),
    `subgraphs: { identity: { routing_url: "http://127.0.0.1:1/graphql", schema: { file: identity.graphql } } }\n`,
  );
  database = await createTestDatabase('empty', () => Promise.resolve());
  owner = new pg.Pool({ connectionString: database.url, max: 1 });
  env = { DATA_DIR: join(root, 'data'), DATABASE_URL: database.url, LOG_LEVEL: 'silent' };
});
afterAll(async () => {
  await owner.end();
  await database.drop();
  await rm(root, { recursive: true, force: true });
});

const keys = (...args: string[]) => runCommand([keysCommand], { root, env }, ['keys', ...args]);
const advance = (interval: string) => owner.query('update identity.clock set ahead = ahead + $1::interval', [interval]);
const KID = '[\\da-f-]{36}';
const AT = '\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z';

async function listed(): Promise<readonly { kid: string; state: string }[]> {
  const { printed } = await keys('list', '--json');
  return (JSON.parse(printed) as { keys: { kid: string; state: string }[] }).keys;
}
const states = async () => (await listed()).map(({ state }) => state);

describe('stack keys', () => {
  it('lists what is published, a line for each key, and says since when it is what it is', async () => {
    const { printed, exitCode } = await keys('list');
    expect(exitCode).toBe(ExitCode.Ok);
    expect(printed).toMatch(
      new RegExp(`^${KID}  current  signs since ${AT}\n${KID}  next     published since ${AT}\n$`),
    );
    expect(await states()).toEqual(['current', 'next']);
  });

  it('refuses to rotate to a key that gateways may not know yet, and exits with 1', async () => {
    const { exitCode, printed, complained } = await keys('rotate');
    expect([exitCode, printed]).toEqual([ExitCode.Findings, '']);
    expect(complained).toMatch(new RegExp(`^Not rotated: ${KID} is the next key only since ${AT}, and a gateway `));
    expect(JSON.parse((await keys('rotate', '--json')).printed)).toMatchObject({ ok: false, kind: 'tooEarly' });
    expect(await states()).toEqual(['current', 'next']);
  });

  it('rotates, and says what signs from now on', async () => {
    const [current, next] = await listed();
    await advance('5 minutes');
    expect(await keys('rotate')).toEqual({
      exitCode: ExitCode.Ok,
      printed: `${next!.kid} signs from now on. ${current!.kid} stays published for an hour.\n`,
      complained: '',
      error: null,
    });
    expect(await states()).toEqual(['retired', 'current', 'next']);
  });

  it('revokes a key that leaked, and says what signs in its place', async () => {
    const [retired, current, next] = await listed();
    expect(await keys('revoke', current!.kid)).toMatchObject({
      exitCode: ExitCode.Ok,
      printed: `${current!.kid} was the current key, and is withdrawn: within 5 s no gateway believes its tokens. ${next!.kid} signs.\n`,
    });
    const { printed } = await keys('revoke', retired!.kid, '--json');
    expect(JSON.parse(printed)).toEqual({ ok: true, kind: 'revoked', state: 'retired', current: next!.kid });
    expect(await states()).toEqual(['current', 'next']);
  });

  it('exits with 1 for a key that is none of ours', async () => {
    expect(await keys('revoke', 'nobody')).toMatchObject({
      exitCode: ExitCode.Findings,
      printed: '',
      complained: 'There is no key of this id that is published: see "stack keys list".\n',
    });
  });

  it('exits with 2 where it cannot look, or is not told what to revoke', async () => {
    expect(await keys('revoke')).toMatchObject({
      exitCode: ExitCode.CouldNotRun,
      error: "error: missing required argument 'kid'",
    });
    const wrong = { root, env: { ...env, STACK_SECRET: 'another secret than that of the first start' } };
    expect(await runCommand([keysCommand], wrong, ['keys', 'list'])).toMatchObject({
      exitCode: ExitCode.CouldNotRun,
      error: expect.stringMatching(/^Signing key ".*" was encrypted with another secret\./),
    });
  });

  it.each([[[]], [['list']], [['rotate']], [['revoke']]])('shows by an example how it is used: %j', async (args) => {
    const { printed, exitCode } = await keys(...args, '--help');
    expect(exitCode).toBe(ExitCode.Ok);
    expect(printed).toMatch(/Examples?:\n {2}stack keys /);
  });
});
