import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@inevitable/kit/testing';
import { runCommand } from '../test-support/run-command.js';
import { runProgram } from '../test-support/run-program.js';
import { ExitCode } from './command.js';
import { jobsCommand } from './jobs.js';

// What it does beside a MongoDB: jobs.mongodb.test.ts.

let root: string;
let database: TestDatabase;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'stack-jobs-'));
  database = await createTestDatabase('empty', () => Promise.resolve());
  env = { DATA_DIR: join(root, 'data'), DATABASE_URL: database.url, LOG_LEVEL: 'silent' };
});
afterAll(async () => {
  await database.drop();
  await rm(root, { recursive: true, force: true });
});

const stack = (more: NodeJS.ProcessEnv, ...args: string[]) =>
  runCommand([jobsCommand], { root, env: { ...env, ...more } }, ['jobs', ...args]);
const MOVE = ['move', '--from', 'postgres', '--to', 'mongodb'];

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('stack jobs move', () => {
  it('shows by an example how it is used', async () => {
    const { printed, exitCode } = await stack({}, 'move', '--help');
    expect(exitCode).toBe(ExitCode.Ok);
    expect(printed).toMatch(/Examples:\n {2}MONGODB_URI=\S+ stack jobs move --from postgres --to mongodb\n/);
    expect(printed).toMatch(/Exit code: 0 moved, .*; 1 not moved, and why; 2 it could not be tried\./);
  });

  it.each([
    [['move', '--to', 'mongodb'], "error: required option '--from <database>' not specified"],
    [
      ['move', '--from', 'mysql', '--to', 'mongodb'],
      /argument 'mysql' is invalid\. Allowed choices are postgres, mongodb/,
    ],
    [['move', '--from', 'mongodb', '--to', 'mongodb'], 'error: --from and --to are both mongodb.'],
    [[...MOVE, '--wait', 'long'], /A whole number of seconds from 0 to 86400\./],
    [MOVE, 'MONGODB_URI is not set, and says which MongoDB is meant. Set it for this command.'],
  ])('ends with 2 and one sentence for %j', async (args, sentence) => {
    const { exitCode, error, printed } = await stack({}, ...args);
    expect(exitCode).toBe(ExitCode.CouldNotRun);
    expect(printed).toBe('');
    if (typeof sentence === 'string') expect(error).toBe(sentence);
    else expect(error).toMatch(sentence);
  });

  it('ends with 2 where MongoDB does not answer, in one line without its password', async () => {
    const port = await freePort();
    const uri = `mongodb://stack:a-secret@127.0.0.1:${port}/jobs?serverSelectionTimeoutMS=100`;
    const place = { root, env: { PATH: process.env['PATH'], ...env, MONGODB_URI: uri } };
    expect(await runProgram(place, ['jobs', ...MOVE, '--json'])).toEqual({
      exitCode: ExitCode.CouldNotRun,
      printed: '',
      complained: expect.stringMatching(
        new RegExp(
          `^stack: MongoDB at 127\\.0\\.0\\.1:${port} \\(database "jobs"\\) is not there: (?!.*a-secret).*\\n$`,
        ),
      ),
    });
  });
});
