#!/usr/bin/env node
// Plain JavaScript: it runs on a fresh clone, before anything is installed or compiled.
import { prepare, ROOT } from '../prepare/prepare.js';

try {
  await prepare((line) => process.stderr.write(`  ${line}\n`));
} catch (error) {
  process.stderr.write(`stack: this clone could not be made ready. ${error.message}\n`);
  process.exit(1);
}
const { runCommandLine } = await import('../dist/command-line.js');
await runCommandLine(process.argv.slice(2), process.env, ROOT);
