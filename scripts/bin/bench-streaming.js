#!/usr/bin/env node
// `npm run bench:streaming`: thousands of subscriptions on our gateway (tests/bench/streaming/help.txt). It measures
// nobody else, and needs nothing that is not installed with the project.
import { runBench } from '../prepare/run-bench.js';

await runBench({
  command: 'bench:streaming',
  folder: 'tests/bench/streaming',
  output: 'tests/bench/streaming/dist/streaming/bench-streaming.js',
  needsPeers: false,
});
