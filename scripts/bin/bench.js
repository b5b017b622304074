#!/usr/bin/env node
// `npm run bench`: our gateway beside its peers (tests/bench/help.txt). The peers have a package.json and a lock file of
// their own, so that nothing of theirs is in the project's tree; they are installed when somebody measures.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow } from '../prepare/fingerprint.js';
import { performStep } from '../prepare/perform-step.js';
import { prepareOrExit, ROOT } from '../prepare/prepare.js';
import { runNode, runTool } from '../prepare/run-tool.js';

const FOLDER = 'tests/bench';
const BENCH = join(ROOT, FOLDER);

/** `npm ci` with the benchmark's own lock file. */
const installStep = {
  title: 'installing the peers of the benchmark',
  name: 'bench-install',
  inputs: () => [`${FOLDER}/package.json`, `${FOLDER}/package-lock.json`, `${FOLDER}/.npmrc`],
  output: join(BENCH, 'node_modules', '.package-lock.json'),
  run: () =>
    runTool(BENCH, process.platform === 'win32' ? 'npm.cmd' : 'npm', ['ci', '--include=dev', '--loglevel=error']),
};

/** Compiled against the gateway as it was built last. */
const compileStep = {
  title: 'compiling the benchmark',
  name: 'bench-compile',
  inputs: () => ['tsconfig.base.json', '.stack/compile.done', ...sources(), `${FOLDER}/package-lock.json`],
  output: join(BENCH, 'dist', 'bench.js'),
  run: () => runNode(ROOT, join(ROOT, 'node_modules/typescript/bin/tsc'), ['-p', FOLDER]),
};

const sources = () => filesBelow(ROOT, FOLDER, (name) => /\.ts$|^tsconfig\.json$/.test(name));

if (process.argv.includes('--help')) {
  process.stdout.write(readFileSync(join(BENCH, 'help.txt')));
  process.exit();
}
await prepareOrExit();
try {
  await performStep(installStep);
  await performStep(compileStep);
} catch (error) {
  process.stderr.write(`bench: the benchmark could not be made ready. ${error.message}\n`);
  process.exit(1);
}
await import('../../tests/bench/dist/bench.js');
