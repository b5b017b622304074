#!/usr/bin/env node
// `npm run bench:jobs`: our jobs beside stock Agenda (tests/bench/jobs/help.txt), whose backends are among the
// peers of `npm run bench`.
import { runBench } from '../prepare/run-bench.js';

await runBench({
  command: 'bench:jobs',
  folder: 'tests/bench/jobs',
  output: 'tests/bench/jobs/dist/jobs/bench-jobs.js',
  needsPeers: true,
});
