#!/usr/bin/env node
// `npm run bench:operations`: the whole stack under real operations (tests/bench/whole-stack/help.txt). It measures
// nobody else, and needs nothing that is not installed with the project.
import { runBench } from '../prepare/run-bench.js';

await runBench({
  command: 'bench:operations',
  folder: 'tests/bench/whole-stack',
  output: 'tests/bench/whole-stack/dist/whole-stack/bench-operations.js',
  needsPeers: false,
});
