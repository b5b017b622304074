import { join } from 'node:path';
import { compileStep } from './compile.js';
import { generateStep } from './generate.js';
import { installStep } from './install.js';
import { withLock } from './lock.js';

export const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Makes a clone ready to run: installs, generates and compiles, each only when what it is made from has changed.
 * Plain JavaScript, because it runs before anything is installed. Two at once: one works, the other waits.
 *
 * @param {(line: string) => void} report one line for each step that does something
 */
async function prepare(report) {
  // In order: the later ones import what the first installs.
  for (const step of [installStep, generateStep, compileStep]) {
    if (await step.isDone(ROOT)) continue;
    await withLock(join(ROOT, '.stack', 'lock'), report, async () => {
      if (await step.isDone(ROOT)) return;
      const started = Date.now();
      report(`${step.title} …`);
      await step.run(ROOT);
      report(`${step.title}: done in ${((Date.now() - started) / 1_000).toFixed(1)} s`);
    });
  }
}

/**
 * The same for a program's first line: what could not be done is told on standard error, and ends it with exit code 2, as
 * whatever could not run: 1 would say that something was found.
 */
export async function prepareOrExit() {
  try {
    await prepare((line) => process.stderr.write(`  ${line}\n`));
  } catch (error) {
    process.stderr.write(`stack: this clone could not be made ready. ${error.message}\n`);
    process.exit(2);
  }
}
