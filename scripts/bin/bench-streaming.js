#!/usr/bin/env node
// `npm run bench:streaming`: thousands of subscriptions on our gateway (tests/bench/streaming/help.txt). Unlike
// `npm run bench` it measures nobody else, and needs nothing that is not installed with the project.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow } from '../prepare/fingerprint.js';
import { performStep } from '../prepare/perform-step.js';
import { prepareOrExit, ROOT } from '../prepare/prepare.js';
import { runNode } from '../prepare/run-tool.js';

const BENCH = 'tests/bench';
const FOLDER = `${BENCH}/streaming`;

/** Compiled against the gateway as it was built last, with the modules of `npm run bench` that it uses. */
const compileStep = {
  title: 'compiling the streaming benchmark',
  name: 'bench-streaming-compile',
  inputs: () => [
    'tsconfig.base.json',
    '.stack/compile.done',
    ...filesBelow(ROOT, BENCH, (name) => /\.ts$|^tsconfig\.json$/.test(name)),
  ],
  output: join(ROOT, FOLDER, 'dist', 'streaming', 'bench-streaming.js'),
  run: () => runNode(ROOT, join(ROOT, 'node_modules/typescript/bin/tsc'), ['-p', FOLDER]),
};

if (process.argv.includes('--help')) {
  process.stdout.write(readFileSync(join(ROOT, FOLDER, 'help.txt')));
  process.exit();
}
await prepareOrExit();
try {
  await performStep(compileStep);
} catch (error) {
  process.stderr.write(`bench:streaming: the benchmark could not be compiled. ${error.message}\n`);
  process.exit(1);
}
await import('../../tests/bench/streaming/dist/streaming/bench-streaming.js');
