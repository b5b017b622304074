#!/usr/bin/env node
// `npm run bench`: our gateway beside its peers (tests/bench/help.txt), which are installed when somebody measures.
import { runBench } from '../prepare/run-bench.js';

await runBench({ command: 'bench', folder: 'tests/bench', output: 'tests/bench/dist/bench.js', needsPeers: true });
