import { describeDifferential } from './describe-differential.js';

// A change is judged by the same operations as the one before; `npm run test:long` goes looking for new ones.
describeDifferential({ twoWay: 80, threeWay: 25, seed: 1, limitMs: 60_000 });
