import { execFile } from 'node:child_process';
import { access, chmod, chown, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { runStack, temporaryDirectory, until, type StackProcess } from '../support/test-stack.js';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

async function ready(port: number): Promise<void> {
  await until('it is ready', async () => (await fetch(`http://127.0.0.1:${port}/ready`)).ok);
}

async function signIn(port: number, password: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ada@acme.test', password }),
  });
  return response.status;
}

async function stopped(stack: StackProcess): Promise<void> {
  stack.child.kill('SIGTERM');
  const code = await stack.ended;
  expect([code, code === 0 ? '' : stack.output()]).toEqual([0, '']);
}

describe('Two stacks of one clone', () => {
  it('run at once with different ports and data directories, and know nothing of each other', async () => {
    const stacks = await Promise.all(
      [1, 2].map(async () => {
        const [dataDir, port] = [await temporaryDirectory(), await freePort()];
        return { dataDir, port, stack: runStack(['start'], { DATA_DIR: dataDir, PORT: String(port) }) };
      }),
    );
    await Promise.all(stacks.map(({ port }) => ready(port)));
    const passwords = await Promise.all(stacks.map(({ dataDir }) => readFile(join(dataDir, 'demo-password'), 'utf8')));
    expect(await signIn(stacks[0]!.port, passwords[0]!)).toBe(200);
    expect(await signIn(stacks[1]!.port, passwords[0]!)).toBe(401);
    await Promise.all(stacks.map(({ stack }) => stopped(stack)));
    await Promise.all(stacks.map(({ dataDir }) => rm(dataDir, { recursive: true })));
  });
});

describe('The demo password', () => {
  it('is generated once, printed once, kept with mode 0600, and replaced when one is given', async () => {
    const [dataDir, port] = [await temporaryDirectory(), await freePort()];
    const start = async (env: Record<string, string> = {}) => {
      const stack = runStack(['start'], { DATA_DIR: dataDir, PORT: String(port), ...env });
      await ready(port);
      return stack;
    };
    const file = join(dataDir, 'demo-password');

    const first = await start();
    const generated = await readFile(file, 'utf8');
    await until('it is printed', () => Promise.resolve(first.output().includes(`password ${generated}`)));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await signIn(port, generated)).toBe(200);
    await stopped(first);

    const second = await start();
    await until('it says where it is', () => Promise.resolve(second.output().includes(`password in ${file}`)));
    expect(second.output()).not.toContain(generated);
    expect(await signIn(port, generated)).toBe(200);
    await stopped(second);

    const third = await start({ STACK_DEMO_PASSWORD: 'given by a person' });
    expect(await signIn(port, 'given by a person')).toBe(200);
    expect(await signIn(port, generated)).toBe(401);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(third.output()).not.toContain('given by a person');
    await stopped(third);
    await rm(dataDir, { recursive: true });
  });
});

describe('In "customer" deployments', () => {
  it('there is no demo user to sign in as', async () => {
    const [dataDir, port] = [await temporaryDirectory(), await freePort()];
    const stack = runStack(['start'], {
      DATA_DIR: dataDir,
      PORT: String(port),
      DEPLOYMENT_CONTEXT: 'customer',
      STACK_SECRET: 'f9K2mQ7xLr4Tz8Wc1Vb6Ny3Hd5Gj0Psu',
      HTTPS: 'optional',
    });
    await ready(port);
    expect(stack.output()).not.toMatch(/acme\.test|password/);
    await expect(access(join(dataDir, 'demo-password'))).rejects.toThrow();
    expect(await signIn(port, 'password')).toBe(401);
    await stopped(stack);
    await rm(dataDir, { recursive: true });
  });
});

// These two need root to make the situation; without it they are not declared rather than passed over.
if (isRoot) {
  describe('As root', () => {
    it('it works below a directory that only root may enter, and says where the data is', async () => {
      const home = await mkdtemp(join(tmpdir(), 'roots-home-'));
      await chmod(home, 0o700);
      const [dataDir, port] = [join(home, '.data'), await freePort()];
      const stack = runStack(['start'], { DATA_DIR: dataDir, PORT: String(port) });
      await ready(port);
      const elsewhere = /(\/var\/lib\/inevitable-[0-9a-z]+)/.exec(stack.output())?.[1];
      expect(elsewhere).toBeDefined();
      await stopped(stack);
      await Promise.all([rm(home, { recursive: true }), rm(elsewhere!, { recursive: true })]);
    });
  });

  describe('As an ordinary user', () => {
    it('it works on a clone that somebody else prepared', async () => {
      const dataDir = join(await temporaryDirectory(), 'data');
      await mkdir(dataDir);
      await chown(dataDir, NOBODY, NOBODY);
      const port = await freePort();
      const env = { PATH: process.env['PATH'], DATA_DIR: dataDir, PORT: String(port) };
      const running = promisify(execFile)(process.execPath, ['scripts/bin/stack.js', 'start'], {
        uid: NOBODY,
        gid: NOBODY,
        env,
      });
      running.catch(() => undefined);
      await ready(port);
      expect(await signIn(port, await readFile(join(dataDir, 'demo-password'), 'utf8'))).toBe(200);
      running.child.kill('SIGTERM');
      expect((await running).stdout).toContain('stopped');
      await rm(dataDir, { recursive: true });
    });
  });
}
