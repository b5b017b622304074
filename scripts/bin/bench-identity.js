#!/usr/bin/env node
// `npm run bench:identity`: core-identity beside what it is made of (tests/bench/identity/help.txt).
import { runBench } from '../prepare/run-bench.js';

await runBench({
  command: 'bench:identity',
  folder: 'tests/bench/identity',
  output: 'tests/bench/identity/dist/identity/bench-identity.js',
  needsPeers: false,
});
