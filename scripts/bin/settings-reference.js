#!/usr/bin/env node
// Writes what docs/operations.md says of settings.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareOrExit, ROOT } from '../prepare/prepare.js';

if (process.argv.includes('--help')) {
  process.stdout.write(`Usage: node scripts/bin/settings-reference.js

Writes the tables of settings in docs/operations.md, as scripts/settings/environment.ts has them.
`);
  process.exit();
}
await prepareOrExit();
const { withSettingsReference } = await import('../dist/settings/settings-reference.js');
const page = join(ROOT, 'docs/operations.md');
const before = await readFile(page, 'utf8');
const after = withSettingsReference(before);
if (after !== before) await writeFile(page, after);
process.stdout.write(`${after === before ? 'up to date' : 'written'}: docs/operations.md\n`);
