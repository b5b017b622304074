#!/usr/bin/env node
// `npm run test:mongodb`: the suites of the job store on MongoDB, on a real server. Arguments go to jest.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { NoMongoServer, startMongoServer } from '../prepare/mongo-server.js';
import { prepareOrExit, ROOT } from '../prepare/prepare.js';

const HELP = `Usage: npm run test:mongodb [-- <arguments of jest>]

Runs what jobs promise on MongoDB (*.mongodb.test.ts) against a real server: that of MONGODB_URI; else a mongod of its
own, where one is on PATH; else FerretDB of its own, which is built once where Go is installed, and kept in
~/.cache/inevitable-cloud-stack. It prints which it used, and ends it. On a server of MONGODB_URI each suite makes a
database named stack_test_…, and drops it.

  npm run test:mongodb
  npm run test:mongodb -- --testPathPatterns job-store
  MONGODB_URI=mongodb://127.0.0.1:27017/ npm run test:mongodb

Exit code 0: all passed. 1: not all did. 2: there is no such server; it says what was tried.
`;

const given = process.argv.slice(2);
if (given.includes('--help')) {
  process.stdout.write(HELP);
  process.exit();
}

await prepareOrExit();
const server = await startMongoServer().catch((error) => {
  if (!(error instanceof NoMongoServer)) throw error;
  process.stderr.write(`test:mongodb: ${error.message}\n`);
  process.exit(2);
});
const which = `MongoDB is tested on: ${server.name}${process.env['MONGODB_URI'] ? ', that of MONGODB_URI' : ''}\n`;
process.stdout.write(which);

// Tests that start a whole stack give it a MONGODB_URI, or mean it to have none.
const environment = { ...process.env, STACK_TEST_MONGODB: server.url };
delete environment['MONGODB_URI'];
const jest = spawn(
  process.execPath,
  [
    ...['--experimental-vm-modules', '--no-warnings', join(ROOT, 'node_modules/jest/bin/jest.js')],
    // One suite after the other: FerretDB reads whole collections, and two that share it and the cores measure each other.
    ...[...given, '--selectProjects', 'mongodb', '--runInBand'],
  ],
  { cwd: ROOT, stdio: 'inherit', env: environment },
);
// A Ctrl-C reaches jest too; who ends this process alone means both.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => jest.kill(signal));
jest.on('close', async (code) => {
  await server.stop();
  // Again, below pages of results.
  process.stdout.write(which);
  process.exit(code ?? 1);
});
