import type { RequestOutcome } from '../../extensions/request-seen.js';

export const OUTCOMES = [
  'answered',
  'errors',
  'refused',
  'failed',
  'left',
] as const satisfies readonly RequestOutcome[];
