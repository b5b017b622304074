import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { runStack, temporaryDirectory, TestStack, until } from '../support/test-stack.js';

let folder: string;
beforeAll(async () => {
  folder = await temporaryDirectory();
  await mkdir(join(folder, 'schemas'));
  await writeFile(
    join(folder, 'schemas/a.graphql'),
    'type Query { a: Thing }\ntype Thing @key(fields: "id") { id: ID! size: Int @shareable }\n',
  );
  await writeFile(
    join(folder, 'schemas/b.graphql'),
    'type Thing @key(fields: "id") { id: ID! size: String @shareable }\n',
  );
  await writeFile(join(folder, 'schemas/broken.graphql'), 'type Query { a: \n');
});

async function stack(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: unknown; output: string; printed: string }> {
  const run = runStack(args, { DATA_DIR: folder, ...env });
  return { code: await run.ended, output: run.output(), printed: run.printed() };
}

async function configOf(name: string, subgraphs: Record<string, string>): Promise<string> {
  const path = join(folder, name);
  const entries = Object.entries(subgraphs).map(
    ([key, file]) => `  ${key}:\n    routing_url: http://127.0.0.1:1/graphql\n    schema: { file: ${file} }\n`,
  );
  await writeFile(path, `subgraphs:\n${entries.join('')}`);
  return path;
}

describe('stack compose', () => {
  it('prints the supergraph schema of this very stack, and exits with 0', async () => {
    const { code, output } = await stack(['compose']);
    expect(code).toBe(0);
    expect(output).toMatch(/@join__graph\(name: "starter", url: "http:\/\/127\.0\.0\.1:4001\/graphql"\)/);
  });

  it('writes it to a file, whole', async () => {
    const file = join(folder, 'supergraph.graphql');
    expect((await stack(['compose', '--output', file])).code).toBe(0);
    expect(await readFile(file, 'utf8')).toContain('type Note');
  });

  it('exits with 1 when the subgraphs do not fit together, and names code, file and type', async () => {
    const config = await configOf('clash.yaml', { a: 'schemas/a.graphql', b: 'schemas/b.graphql' });
    const text = await stack(['compose', '--config', config]);
    expect(text).toMatchObject({ code: 1, output: expect.stringMatching(/FIELD_TYPE_MISMATCH.*Thing\.size/) });
    const json = await stack(['compose', '--config', config, '--json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.printed)).toMatchObject({ ok: false, findings: [{ code: 'FIELD_TYPE_MISMATCH' }] });
  });

  it('exits with 1 for a schema that is not GraphQL, naming its file', async () => {
    const config = await configOf('broken.yaml', { a: 'schemas/broken.graphql' });
    expect(await stack(['compose', '--config', config])).toMatchObject({
      code: 1,
      output: expect.stringContaining('broken.graphql'),
    });
  });

  it.each([
    ['a missing configuration', ['--config', 'no-such.yaml'], /no-such\.yaml cannot be read/],
    ['a missing schema', ['--config', 'missing.yaml'], /nowhere\.graphql cannot be read/],
    ['an unknown option', ['--colour'], /unknown option/],
  ])('exits with 2 for %s', async (_what, args, sentence) => {
    await configOf('missing.yaml', { a: 'schemas/nowhere.graphql' });
    const { code, output } = await stack([
      'compose',
      ...args.map((arg) => (arg.endsWith('.yaml') ? join(folder, arg) : arg)),
    ]);
    expect(code).toBe(2);
    expect(output).toMatch(sentence);
  });
});

describe('Every command', () => {
  it.each([
    [[]],
    [['start']],
    [['dev']],
    [['compose']],
    [['check']],
    [['lint']],
    [['explain']],
    [['schema']],
    [['publish']],
    [['history']],
    [['diff']],
    [['rollback']],
    [['new']],
    [['new', 'subgraph']],
    [['doctor']],
    [['migrate']],
    [['keys']],
    [['keys', 'rotate']],
    [['keys', 'revoke']],
    [['token']],
    [['platformforge']],
    [['platformforge', 'restore']],
  ])('has --help with an example: %j', async (args) => {
    const { code, output } = await stack([...args, '--help']);
    expect(code).toBe(0);
    expect(output).toMatch(/Usage: stack[\s\S]*Examples?:/);
  });

  it.each([
    ['start', 'nonsense'],
    ['start', 'subgraph'],
    ['start', 'gateway', 'x'],
    ['nonsense'],
    ['starter'],
    ['platformforge', 'nonsense'],
  ])('refuses what it does not know: %s %s', async (...args) => {
    const { code, output } = await stack(args.filter((arg) => arg !== undefined));
    expect(code).toBe(2);
    expect(output).toMatch(/error: /);
  });
});

describe('stack token, stack migrate and the commands of products', () => {
  it('work beside a running stack', async () => {
    const running = await TestStack.start({ mode: 'one-process' });
    const { code, printed } = await stack(['token', '--user', 'ada'], running.environment);
    expect(code).toBe(0);
    expect(jwt.decode(printed.trim())).toMatchObject({ iss: running.url, roles: ['owner'], amr: ['operator'] });
    const { body } = await running.query(
      '{ viewer { user { email } } }',
      {},
      { authorization: `Bearer ${printed.trim()}` },
    );
    expect(body).toEqual({ data: { viewer: { user: { email: 'ada@acme.test' } } } });

    const unknown = await stack(['token', '--user', 'nobody'], running.environment);
    expect(unknown.code).toBe(1);
    expect(await stack(['migrate'], running.environment)).toMatchObject({
      code: 0,
      printed:
        'identity: up to date\noperations: up to date\nstarter: up to date\nplatformforge: up to date\njobs: up to date\n',
    });

    const restore = (...args: string[]) => stack(['platformforge', 'restore', ...args], running.environment);
    expect(await restore('--tenant', 'acme', '--list')).toMatchObject({
      code: 0,
      printed: 'There is no backup of this tenant.\n',
    });
    expect(await restore('--tenant', 'nobody', '--list')).toEqual({
      code: 1,
      output: 'stack: There is no tenant "nobody": give the slug of one, such as --tenant acme.\n',
      printed: '',
    });
    expect(await restore('--tenant', 'acme')).toMatchObject({
      code: 1,
      output: 'stack: There is no backup of this tenant.\n',
    });
    await running.close();
  });
});

describe('stack keys', () => {
  it('rotates the keys of a running stack under its tokens, and takes back a key that leaked within 5 seconds', async () => {
    const running = await TestStack.start({ mode: 'one-process' });
    const keys = (...args: string[]) => stack(['keys', ...args], running.environment);
    const kidOf = (token: string) => jwt.decode(token, { complete: true })!.header.kid!;
    const ask = (accessToken: string) =>
      running.query('{ viewer { user { email } } }', {}, { authorization: `Bearer ${accessToken}` });

    const before = await running.signIn('ada@acme.test');
    await running.advanceClock({ seconds: 300 });
    expect(await keys('rotate')).toMatchObject({ code: 0, printed: expect.stringMatching(/ signs from now on\. /) });
    const after = await running.signIn('ada@acme.test');
    expect(kidOf(after.accessToken)).not.toBe(kidOf(before.accessToken));
    expect([(await ask(before.accessToken)).status, (await ask(after.accessToken)).status]).toEqual([200, 200]);

    expect(await keys('revoke', kidOf(after.accessToken))).toMatchObject({ code: 0 });
    await until('its token is refused', async () => (await ask(after.accessToken)).status === 401, 5_000);
    expect((await ask(before.accessToken)).status).toBe(200);
    const refreshed = await running.post('/auth/refresh', { refreshToken: after.refreshToken });
    expect((await ask((JSON.parse(refreshed.text) as { accessToken: string }).accessToken)).status).toBe(200);
    await running.close();
  });
});
