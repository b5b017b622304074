import { describeDifferential } from './describe-differential.js';

// A change is judged by the same operations as the one before; `npm run test:long` goes looking for new ones.
describeDifferential({ twoWay: 50, threeWay: 15, seed: 1, limitMs: 60_000 });
