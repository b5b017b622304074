#!/usr/bin/env node
// `npm test` and `npm run test:long`: makes the clone ready as `npm start` does, then runs jest. Arguments go to jest:
//   npm test -- --selectProjects unit --testPathPatterns starter
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prepareOrExit, ROOT } from '../prepare/prepare.js';

await prepareOrExit();
const given = process.argv.slice(2);
const projects = given.includes('--selectProjects') ? [] : ['--selectProjects', 'unit', 'one-process', 'apart'];
const flags = [
  '--experimental-vm-modules',
  '--no-warnings',
  // MiB. Each file loads its modules anew; in V8's 16 they are copied from one half of the young heap into the other, for a
  // twentieth of all CPU. jest gives its flags on to its workers.
  '--max-semi-space-size=64',
];
const jest = spawn(process.execPath, [...flags, join(ROOT, 'node_modules/jest/bin/jest.js'), ...given, ...projects], {
  cwd: ROOT,
  stdio: 'inherit',
});
jest.on('close', (code) => process.exit(code ?? 1));
