import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesBelow } from './fingerprint.js';
import { performStep } from './perform-step.js';
import { prepareOrExit, ROOT } from './prepare.js';
import { runNode, runTool } from './run-tool.js';

/** All benchmarks, with a package.json and a lock file of their own: nothing of the peers is in the project's tree. */
const BENCH = 'tests/bench';

/** `npm ci` with the benchmarks' own lock file; once for all that need the peers. */
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

/** Compiled against the project as it was built last. */
const compileStep = (command, folder, output) => ({
  title: `compiling ${command}`,
  name: `${command.replace(':', '-')}-compile`,
  inputs: () => [
    'tsconfig.base.json',
    '.stack/compile.done',
    `${BENCH}/package-lock.json`,
    ...filesBelow(ROOT, BENCH, (name) => /\.ts$|^tsconfig\.json$/.test(name)),
  ],
  output: join(ROOT, output),
  run: () => runNode(ROOT, join(ROOT, 'node_modules/typescript/bin/tsc'), ['-p', folder]),
});

/**
 * What `npm run <command>` does: `--help`, else makes everything ready and imports the benchmark.
 * `folder`: with its tsconfig.json and help.txt; `output`: the compiled file, both from the root of the project.
 */
export async function runBench({ command, folder, output, needsPeers }) {
  if (process.argv.includes('--help')) {
    process.stdout.write(readFileSync(join(ROOT, folder, 'help.txt')));
    process.exit();
  }
  await prepareOrExit();
  try {
    if (needsPeers) await performStep(installStep);
    await performStep(compileStep(command, folder, output));
  } catch (error) {
    process.stderr.write(`${command}: the benchmark could not be made ready. ${error.message}\n`);
    process.exit(1);
  }
  await import(pathToFileURL(join(ROOT, output)).href);
}
