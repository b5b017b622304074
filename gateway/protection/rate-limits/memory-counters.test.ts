import { describeCounters } from '../../test-support/describe-counters.js';
import { memoryCounters } from './memory-counters.js';

describeCounters('Counting in memory', () => Promise.resolve(memoryCounters()));
