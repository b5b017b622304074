#!/usr/bin/env node
// `npm test` and `npm run test:long`: makes the clone ready as `npm start` does, then runs jest. Arguments go to jest:
//   npm test -- --selectProjects unit --testPathPatterns starter
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prepareOrExit, ROOT } from '../prepare/prepare.js';

await prepareOrExit();
const given = process.argv.slice(2);
const projects = given.includes('--selectProjects') ? [] : ['--selectProjects', 'unit', 'one-process', 'apart'];
const jest = spawn(
  process.execPath,
  ['--experimental-vm-modules', '--no-warnings', join(ROOT, 'node_modules/jest/bin/jest.js'), ...given, ...projects],
  { cwd: ROOT, stdio: 'inherit' },
);
jest.on('close', (code) => process.exit(code ?? 1));
