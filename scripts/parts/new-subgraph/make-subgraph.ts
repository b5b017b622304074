import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startCluster } from '@inevitable/kit/host';
import type { Progress } from '../progress.js';
import { compose, CompositionFailed, readSupergraphConfig } from '../supergraph.js';
import { Journal } from './journal.js';
import type { SubgraphPlan } from './plan-subgraph.js';
import { runChild, type ChildEnded } from './run-child.js';

/** The new subgraph does not hold; nothing of it is left. The message says what was found. */
export class SubgraphFailed extends Error {}

/** Somebody ended the command; nothing of the new subgraph is left. */
export class Interrupted extends Error {}

/** Not all could be taken back; the message says what is left. */
export class LeftBehind extends Error {}

export interface MakeSubgraph {
  readonly root: string;
  readonly supergraphFile: string;
  readonly env: NodeJS.ProcessEnv;
  readonly withTests: boolean;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

export interface MadeSubgraph {
  /** How many of its own tests passed; null: they were not run. */
  readonly testsPassed: number | null;
  /** Whether `stack lint` has looked at it. */
  readonly linted: boolean;
}

/**
 * Writes what was planned, generates and compiles it, composes, lints, and runs its tests: all of it, or nothing. Throws
 * `SubgraphFailed`, `Interrupted`, `LeftBehind`, and what the system says where nothing could be written.
 */
export async function makeSubgraph(plan: SubgraphPlan, options: MakeSubgraph): Promise<MadeSubgraph> {
  const journal = new Journal();
  try {
    await write(plan, options, journal);
    return await prove(plan, options);
  } catch (error) {
    const left = await journal.undo();
    if (left.length) throw new LeftBehind(`${(error as Error).message}\n${left.join('\n')}`, { cause: error });
    throw error;
  }
}

/** What a start remembers of what it prepared: it is to be as it was, or the next one does all of it again. */
const MARKS = ['install', 'generate', 'compile'];

async function write(plan: SubgraphPlan, { root, signal }: MakeSubgraph, journal: Journal): Promise<void> {
  for (const mark of MARKS) await journal.keep(join(root, '.stack', `${mark}.done`));
  await journal.makeFolder(plan.folder);
  for (const { path, text } of plan.files) {
    assertGoesOn(signal);
    await mkdir(dirname(join(plan.folder, path)), { recursive: true });
    await writeFile(join(plan.folder, path), text);
  }
  await journal.link(plan.link.path, plan.link.target);
  for (const { path, text } of plan.edits) {
    assertGoesOn(signal);
    await journal.edit(path, text);
  }
}

async function prove(plan: SubgraphPlan, options: MakeSubgraph): Promise<MadeSubgraph> {
  const { root, supergraphFile, signal, progress, withTests } = options;
  const product = plan.names.product.kebab;
  // Longer or shorter names fill lines differently, and the code is to be as formatted as the rest.
  await progress.step('formatting', () =>
    run(options, ['node_modules/prettier/bin/prettier.cjs', '--write', plan.directory]),
  );
  await progress.step('generating and compiling', () => run(options, ['scripts/bin/prepare.js']));
  await progress.step('composing the supergraph', async () => {
    assertGoesOn(signal);
    await compose(supergraphFile, await readSupergraphConfig(supergraphFile)).catch((error: unknown) => {
      throw error instanceof CompositionFailed ? new SubgraphFailed(error.message) : error;
    });
  });
  const linted = existsSync(join(root, 'scripts/dist/commands/lint.js'));
  if (linted)
    await progress.step('linting its schema', () =>
      run(options, ['scripts/bin/stack.js', 'lint', '--subgraph', product]),
    );
  if (!withTests) return { testsPassed: null, linted };
  return { testsPassed: await progress.step('running its tests', () => runTests(plan, options)), linted };
}

/** Throws `SubgraphFailed` with what it printed, and `Interrupted`. */
async function run(
  { root, env, signal }: MakeSubgraph,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): Promise<ChildEnded> {
  assertGoesOn(signal);
  const ended = await runChild(args, { cwd: root, env: { ...env, ...more }, signal });
  assertGoesOn(signal);
  if (ended.code !== 0)
    throw new SubgraphFailed(`"${args.join(' ')}" ended with ${ended.code}:\n${ended.output.trim()}`);
  return ended;
}

function assertGoesOn(signal: AbortSignal): void {
  if (signal.aborted) throw new Interrupted('Interrupted: everything is as it was before.');
}

/** With the database of the tests in a folder of ours, so that none is left running where they are broken off. */
async function runTests({ directory }: SubgraphPlan, options: MakeSubgraph): Promise<number> {
  const temporary = await mkdtemp(join(tmpdir(), 'stack-new-'));
  await chmod(temporary, 0o711); // the database's own user passes through
  try {
    const { output } = await run(
      options,
      [
        ...['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '--selectProjects', 'unit'],
        ...['--testPathPatterns', `${directory}/`, '--colors=false'],
      ],
      { TMPDIR: temporary, NODE_ENV: 'test' },
    );
    return Number(/^Tests:.*?(\d+) passed/m.exec(output)?.[1] ?? 0);
  } finally {
    await stopDatabases(temporary);
    await rm(temporary, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function stopDatabases(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const dataDir = join(folder, name);
    if (!existsSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'))) continue;
    // Who joins it and is the last one to leave stops it.
    await (await startCluster({ dataDir, fsync: false })).stop();
  }
}
