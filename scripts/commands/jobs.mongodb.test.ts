import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mongoPlace, openJobDepot, openJobStore, type JobDepot, type JobStore } from '@inevitable/kit/host';
import { createTestDatabase, createTestMongoDatabase, type TestDatabase } from '@inevitable/kit/testing';
import { pino } from 'pino';
import { v7 } from 'uuid';
import { openDatabases } from '../parts/databases.js';
import { readSettings } from '../settings/settings.js';
import { runCommand } from '../test-support/run-command.js';
import { ExitCode } from './command.js';
import { doctorCommand } from './doctor.js';
import { jobsCommand } from './jobs.js';
import { migrateCommand } from './migrate.js';

const silent = pino({ level: 'silent' });
const PROGRAM = join(process.cwd(), 'scripts/bin/stack.js');
const THERE = ['move', '--from', 'postgres', '--to', 'mongodb'];
const BACK = ['move', '--from', 'mongodb', '--to', 'postgres'];

const mongo = createTestMongoDatabase();
let root: string;
let database: TestDatabase;
let env: NodeJS.ProcessEnv;
let postgresUrl: string;
let [postgres, mongodb]: JobStore[] = [];
let depots: JobDepot[];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'stack-jobs-'));
  database = await createTestDatabase('empty', () => Promise.resolve());
  env = { DATA_DIR: join(root, 'data'), DATABASE_URL: database.url, MONGODB_URI: mongo.url, LOG_LEVEL: 'silent' };
  const databases = openDatabases(readSettings(env, root), () => undefined);
  ({ runnerUrl: postgresUrl } = await databases.preparePostgresJobs());
  await databases.prepareJobStore();
  await databases.close();
  [postgres, mongodb] = await Promise.all([openJobStore(postgresUrl, silent), openJobStore(mongo.url, silent)]);
  depots = await Promise.all([openJobDepot(postgresUrl), openJobDepot(mongo.url)]);
});
afterAll(async () => {
  await Promise.all([postgres!.close(), mongodb!.close(), ...depots.map((depot) => depot.close())]);
  await mongo.drop();
  await database.drop();
  await rm(root, { recursive: true, force: true });
});
beforeEach(async () => {
  for (const depot of depots) {
    await depot.setMark(null);
    await depot.removeJobs((await depot.jobsAfter(null, 10_000)).map(({ id }) => id));
    await depot.removeRest();
  }
});

const jobs = (count: number) =>
  Array.from({ length: count }, () => ({
    id: v7(),
    name: 'notes.count',
    tenantId: null,
    payload: {},
    correlationId: 'test',
    trace: null,
    onceKey: null,
    priority: 0,
    runAt: null,
    after: [],
  }));

const stack = (...args: string[]) =>
  runCommand(
    [jobsCommand, doctorCommand, migrateCommand],
    { root, env },
    args[0] === 'doctor' ? args : ['jobs', ...args],
  );
const place = () => `MongoDB at ${mongoPlace(mongo.url)}`;
const countsOf = () => Promise.all(depots.map((depot) => depot.size()));

describe('stack jobs move', () => {
  it('moves there and back, and says what is the same on both sides and what to do next', async () => {
    await postgres!.insert(jobs(3));

    const there = await stack(...THERE);
    expect(there).toMatchObject({ exitCode: ExitCode.Ok, error: null });
    expect(there.printed).toMatch(
      /^Moved 3 jobs \(3 of them open\) from PostgreSQL at \S+ to MongoDB at \S+\.\nWith them 0 definitions, 0 schedules and 0 due times that were run\.\nThe same on both sides: 3 jobs, sha256 [0-9a-f]{64}\.\nSet MONGODB_URI for every part of the stack, and start it\.\n$/,
    );
    expect(await countsOf()).toEqual([0, 3]);

    const again = await stack(...THERE, '--json');
    expect(JSON.parse(again.printed)).toMatchObject({ ok: true, outcome: 'moved before', moved: null });

    const back = await stack(...BACK, '--json');
    expect(JSON.parse(back.printed)).toEqual({
      ok: true,
      outcome: 'moved',
      message: expect.stringMatching(/\nUnset MONGODB_URI for every part of the stack, and start it\.$/),
      from: 'mongodb',
      to: 'postgres',
      moved: {
        jobs: 3,
        open: 3,
        definitions: 0,
        schedules: 0,
        firings: 0,
        inBoth: 0,
        sha256: /sha256 ([0-9a-f]+)/.exec(there.printed)![1],
      },
    });
    expect(await countsOf()).toEqual([3, 0]);
  });

  it('ends with 1 and a sentence while a worker lives, and tells who waits that it does', async () => {
    await postgres!.declare('w1', []);
    expect(await stack(...THERE, '--wait', '1')).toEqual({
      exitCode: ExitCode.Findings,
      printed: '',
      complained: expect.stringMatching(/^1 worker lives in PostgreSQL at \S+ \(w1\)\. Stop every part of the stack/m),
      error: null,
    });
    const json = await stack(...THERE, '--wait', '0', '--json');
    expect(json.exitCode).toBe(ExitCode.Findings);
    expect(JSON.parse(json.printed)).toMatchObject({ ok: false, outcome: 'refused', moved: null });
    await postgres!.leave('w1');
  });

  it('that was killed with kill -9 goes on where it was', async () => {
    await postgres!.insert(jobs(1_000));
    for (const line of [/copying to .*: \d+ of/, /removing from .*: \d+ of/]) {
      await killedAt(line);
      const [here, there] = await countsOf();
      expect(here! + there!).toBeGreaterThanOrEqual(1_000);
    }
    const { exitCode } = await stack(...THERE);
    expect(exitCode).toBe(ExitCode.Ok);
    expect(await countsOf()).toEqual([0, 1_000]);
  });

  it('takes a move back that was killed before it was compared', async () => {
    await postgres!.insert(jobs(600));
    await killedAt(/copying to .*: \d+ of/);
    expect(await stack(...THERE, '--abandon', '--json')).toMatchObject({ exitCode: ExitCode.Ok });
    expect(await countsOf()).toEqual([600, 0]);
    await postgres!.insert(jobs(1)); // nothing is closed
    expect(await stack(...THERE, '--abandon')).toMatchObject({
      exitCode: ExitCode.Findings,
      complained: expect.stringMatching(/^No move from PostgreSQL at \S+ to MongoDB at \S+ is under way\.$/m),
    });
  });
});

describe('stack doctor, beside MongoDB', () => {
  const jobStore = async () => {
    const { printed } = await stack('doctor', '--json');
    const { checks } = JSON.parse(printed) as {
      checks: { check: string; said: { verdict: string; message: string }[] }[];
    };
    return checks
      .find(({ check }) => check === 'job store')!
      .said.map(({ verdict, message }) => `${verdict}: ${message}`);
  };

  it('names the server, and says which jobs wait where nobody runs them', async () => {
    await mongodb!.insert(jobs(2));
    await postgres!.insert(jobs(12));
    expect(await jobStore()).toEqual([
      expect.stringMatching(
        /^ok: (MongoDB|FerretDB) v?\d+\.\d+\.\d+\S* at \S+ keeps the jobs, 2 of them open: of many who update one document at once one wins, and every index is there\.$/,
      ),
      'warning: 12 jobs wait in PostgreSQL, where nobody runs them while MONGODB_URI is set.',
    ]);
  });

  it('finds a store that jobs have left, and a move that has not ended', async () => {
    await stack(...THERE);
    await stack(...BACK);
    const left = await jobStore();
    expect(left.at(-1)).toMatch(`problem: The jobs of ${place()} were moved to PostgreSQL at `);
  });
});

/** Runs it as a process, and kills that as soon as it says so. */
function killedAt(line: RegExp): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, 'jobs', ...THERE], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (line.test(said)) child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.on('exit', (code, signal) =>
      signal === 'SIGKILL' ? resolve() : reject(new Error(`It ended with ${code}, and said: ${said}`)),
    );
  });
}
