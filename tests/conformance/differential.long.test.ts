import { describeDifferential } from './describe-differential.js';

describeDifferential({ twoWay: 6_000, threeWay: 2_000, limitMs: 900_000 });
