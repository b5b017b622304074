import { describeDefer } from './describe-defer.js';

// A change is judged by the same operations as the one before; `npm run test:long` goes looking for new ones.
describeDefer({ runs: 20, seed: 3, limitMs: 60_000 });
