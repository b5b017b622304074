import type { OperationName } from '../operations.js';

/** Whether one thing that is wanted of our gateway was reached, and how far. */
export const verdict = (isReached: boolean, operation: OperationName, what: string): string =>
  `${isReached ? 'yes' : 'NO '}  ${operation}: ${what}`;
