import { describeDefer } from './describe-defer.js';

describeDefer({ runs: 2_000, limitMs: 900_000 });
