import { describeDifferential } from './describe-differential.js';

describeDifferential({ twoWay: 300, threeWay: 100, limitMs: 60_000 });
