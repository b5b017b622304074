#!/usr/bin/env node
// `npm run build`: what every start does first, alone.
import { prepare } from '../prepare/prepare.js';

await prepare((line) => process.stderr.write(`  ${line}\n`));
