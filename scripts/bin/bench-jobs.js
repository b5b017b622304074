#!/usr/bin/env node
// `npm run bench:jobs`: our jobs beside stock Agenda (tests/bench/jobs/help.txt). Agenda's own PostgreSQL backend is among
// the peers of `npm run bench`, which are installed when somebody measures.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow } from '../prepare/fingerprint.js';
import { performStep } from '../prepare/perform-step.js';
import { prepareOrExit, ROOT } from '../prepare/prepare.js';
import { runNode, runTool } from '../prepare/run-tool.js';

const BENCH = 'tests/bench';
const FOLDER = `${BENCH}/jobs`;

/** The same step as in bench.js: done once for both. */
const installStep = {
  title: 'installing the peers of the benchmark',
  name: 'bench-install',
  inputs: () => [`${BENCH}/package.json`, `${BENCH}/package-lock.json`, `${BENCH}/.npmrc`],
  output: join(ROOT, BENCH, 'node_modules', '.package-lock.json'),
  run: () =>
    runTool(join(ROOT, BENCH), process.platform === 'win32' ? 'npm.cmd' : 'npm', [
      'ci',
      '--include=dev',
      '--loglevel=error',
    ]),
};

/** Compiled against the kit as it was built last, with the modules of `npm run bench` that it uses. */
const compileStep = {
  title: 'compiling the benchmark of jobs',
  name: 'bench-jobs-compile',
  inputs: () => [
    'tsconfig.base.json',
    '.stack/compile.done',
    `${BENCH}/package-lock.json`,
    ...filesBelow(ROOT, BENCH, (name) => /\.ts$|^tsconfig\.json$/.test(name)),
  ],
  output: join(ROOT, FOLDER, 'dist', 'jobs', 'bench-jobs.js'),
  run: () => runNode(ROOT, join(ROOT, 'node_modules/typescript/bin/tsc'), ['-p', FOLDER]),
};

if (process.argv.includes('--help')) {
  process.stdout.write(readFileSync(join(ROOT, FOLDER, 'help.txt')));
  process.exit();
}
await prepareOrExit();
try {
  await performStep(installStep);
  await performStep(compileStep);
} catch (error) {
  process.stderr.write(`bench:jobs: the benchmark could not be made ready. ${error.message}\n`);
  process.exit(1);
}
await import('../../tests/bench/jobs/dist/jobs/bench-jobs.js');
