import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runStack, TestStack } from '../support/test-stack.js';

interface Report {
  readonly ok: boolean;
  readonly checks: readonly {
    readonly check: string;
    readonly said: readonly { readonly verdict: string; readonly message: string }[];
  }[];
}

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start({ mode: 'one-process', embedded: true });
});
afterAll(() => stack?.close());

/** As who runs it would have it: everything is in one process, and its parts are nowhere else. */
const environment = () => ({
  ...stack.environment,
  PORT: new URL(stack.url).port,
  IDENTITY_URL: '',
  OPERATIONS_URL: '',
});

async function doctor(...flags: string[]) {
  const run = runStack(['doctor', ...flags], environment());
  return { code: await run.ended, printed: run.printed(), output: run.output() };
}
const messagesOf = (printed: string, name: string): readonly string[] =>
  (JSON.parse(printed) as Report).checks.find(({ check }) => check === name)!.said.map(({ message }) => message);

describe('stack doctor, as a command', () => {
  it('finds a stack that runs, with its embedded database, and nothing wrong with either', async () => {
    const { code, printed, output } = await doctor('--json');
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('"ok":true') });
    expect(messagesOf(printed, 'running stack')).toEqual([expect.stringMatching(/^The stack at 127.* is ready: /)]);
    expect(messagesOf(printed, 'ports')[0]).toMatch(/is that of a stack that runs/);
    expect(messagesOf(printed, 'database')).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/\(the embedded database\)/),
        expect.stringMatching(/^"starter" has its roles and all of its \d+ migrations/),
      ]),
    );
    expect(messagesOf(printed, 'identity')[0]).toMatch(/^Tokens are signed with key /);
  });

  it('starts a database that was stopped only when it is told to, and stops it again', async () => {
    expect(await stack.signal('SIGTERM')).toEqual([0]);
    const pidFile = join(stack.dataDir, 'postgres', 'data', 'postmaster.pid');
    const alone = await doctor('--json');
    expect(messagesOf(alone.printed, 'database')).toEqual([expect.stringMatching(/does not run, so nothing/)]);
    await expect(access(pidFile)).rejects.toThrow('ENOENT');
    const started = await doctor('--start', '--json');
    expect(started.code).toBe(0);
    expect(messagesOf(started.printed, 'database')[0]).toMatch(/answers at .* \(the embedded database\)/);
    await expect(access(pidFile)).rejects.toThrow('ENOENT');
  });

  it('exits with 1 for a problem, and with 2 for what it does not know', async () => {
    const bad = runStack(['doctor'], { ...environment(), LOG_LEVEL: 'loud' });
    expect(await bad.ended).toBe(1);
    expect(bad.printed()).toMatch(/PROBLEM {2}LOG_LEVEL \("loud"\) cannot be used/);
    const help = await doctor('--help');
    expect(help).toMatchObject({
      code: 0,
      output: expect.stringMatching(/Usage: stack doctor[^]*Exit code: 0[^]*Examples:/),
    });
    expect(await doctor('--fix')).toMatchObject({ code: 2, output: expect.stringContaining("unknown option '--fix'") });
  });
});
