#!/usr/bin/env node
// Plain JavaScript: it runs on a fresh clone, before anything is installed or compiled.
import { prepareOrExit, ROOT } from '../prepare/prepare.js';

await prepareOrExit();
const { runCommandLine } = await import('../dist/command-line.js');
await runCommandLine(process.argv.slice(2), process.env, ROOT);
