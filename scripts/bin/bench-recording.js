#!/usr/bin/env node
// `npm run bench:recording`: what recording operations costs the gateway (tests/bench/recording/help.txt). It measures
// nobody else, and needs nothing that is not installed with the project.
import { runBench } from '../prepare/run-bench.js';

await runBench({
  command: 'bench:recording',
  folder: 'tests/bench/recording',
  output: 'tests/bench/recording/dist/recording/bench-recording.js',
  needsPeers: false,
});
