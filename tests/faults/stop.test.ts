import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { runStack, temporaryDirectory, TestStack, until } from '../support/test-stack.js';

/** The embedded server's process id, while it has one. */
const postmasterOf = async (dataDir: string): Promise<number> =>
  Number((await readFile(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0]);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A process that ended is there until whoever inherited it has taken notice. */
const isGone = (pid: number): Promise<void> =>
  until('the database has ended', () => Promise.resolve(!isAlive(pid)), 5_000);

describe('A stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s ends the stack with exit code 0, and its database with it',
    async (signal) => {
      const stack = await TestStack.start({ embedded: true, mode: 'one-process' });
      const postmaster = await postmasterOf(stack.dataDir);
      expect(isAlive(postmaster)).toBe(true);
      expect(await stack.signal(signal)).toEqual([0]);
      await isGone(postmaster);
      await rm(stack.dataDir, { recursive: true });
    },
  );

  // The terminal sends Ctrl-C to npm and to everything it started; a supervisor knows npm alone.
  it.each([
    ['Ctrl-C to the whole process group of npm start', 'SIGINT', -1],
    ['SIGTERM to npm start', 'SIGTERM', 1],
  ] as const)('by %s is as clean', async (_what, signal, whom) => {
    const dataDir = await temporaryDirectory();
    const port = await freePort();
    const npm = spawn('npm', ['start'], {
      env: { ...process.env, DATA_DIR: dataDir, PORT: String(port) },
      detached: true, // a process group of its own, as a terminal gives it
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    npm.stdout.on('data', (text) => (output += text));
    npm.stderr.on('data', (text) => (output += text));
    const ended = new Promise((resolve) => npm.on('close', resolve));
    await until('it is ready', async () => (await fetch(`http://127.0.0.1:${port}/ready`)).ok);
    const postmaster = await postmasterOf(dataDir);
    process.kill(whom * npm.pid!, signal);
    await ended;
    expect(output).toMatch(/stopped\n/);
    expect(output).not.toMatch(/could not be stopped|left|Error/);
    await isGone(postmaster);
    await rm(dataDir, { recursive: true });
  });

  it('in the middle of a start leaves nothing running', async () => {
    const dataDir = await temporaryDirectory();
    const stack = runStack(['start'], { DATA_DIR: dataDir, PORT: String(await freePort()) });
    await until('the database is there', async () => isAlive(await postmasterOf(dataDir)));
    const postmaster = await postmasterOf(dataDir);
    stack.child.kill('SIGTERM');
    expect(await stack.ended).toBe(0);
    await isGone(postmaster);
    await rm(dataDir, { recursive: true });
  });

  it('is still clean when whoever read its output has gone, and when the terminal is closed', async () => {
    const stack = await TestStack.start({ embedded: true, mode: 'one-process' });
    const postmaster = await postmasterOf(stack.dataDir);
    stack.processes[0]!.child.stdout!.destroy();
    stack.processes[0]!.child.stderr!.destroy();
    expect(await stack.signal('SIGHUP')).toEqual([0]);
    await isGone(postmaster);
    await rm(stack.dataDir, { recursive: true });
  });

  it('of separate processes ends each with exit code 0', async () => {
    const stack = await TestStack.start({ mode: 'apart' });
    expect(await stack.signal('SIGTERM')).toEqual(stack.processes.map(() => 0));
    await stack.close();
  });

  it('lets requests in flight finish', async () => {
    const stack = await TestStack.start({ mode: 'one-process' });
    const ada = await stack.signIn('ada@acme.test');
    // Each write waits until the test lets go of the lock.
    await stack.sql(
      `create function starter.wait() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(4711); return new; end $$`,
    );
    await stack.sql('create trigger wait before insert on starter.notes for each row execute function starter.wait()');
    const { default: pg } = await import('pg');
    const holder = new pg.Client({ connectionString: stack.database!.url });
    await holder.connect();
    await holder.query('select pg_advisory_lock(4711)');
    const writing = ada.query('mutation { createNote(input: { text: "in flight" }) { text } }');
    await until(
      'the write waits',
      async () => (await stack.sql("select from pg_locks where locktype = 'advisory' and not granted")).length > 0,
    );
    const stopped = stack.signal('SIGTERM');
    await until('it takes no new requests', async () => {
      const response = await fetch(`${stack.url}/ready`).catch(() => null);
      return response === null || response.status === 503;
    });
    await holder.end();
    expect((await writing).body).toEqual({ data: { createNote: { text: 'in flight' } } });
    expect(await stopped).toEqual([0]);
    await stack.close();
  });
});
