import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, mark } from './fingerprint.js';
import { withLock } from './lock.js';
import { ROOT } from './prepare.js';

/**
 * Does what one script needs beside a ready clone, unless its `output` is there and was made from the same `inputs`. Two
 * at once: one works, the other waits.
 *
 * @param {{ title: string, name: string, inputs: () => string[], output: string, run: () => Promise<void> }} step
 */
export async function performStep({ title, name, inputs, output, run }) {
  const done = mark(ROOT, name);
  const isDone = () => existsSync(output) && done.matches(fingerprint(ROOT, inputs()));
  if (isDone()) return;
  await withLock(join(ROOT, '.stack', 'lock'), report, async () => {
    if (isDone()) return;
    report(`${title} …`);
    await run();
    done.write(fingerprint(ROOT, inputs()));
  });
}

const report = (line) => process.stderr.write(`  ${line}\n`);
