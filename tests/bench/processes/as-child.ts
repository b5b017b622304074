import type { FromChild, ToChild } from './messages.js';

// Whatever becomes of the benchmark, nothing it started outlives it.
process.on('disconnect', () => process.exit());

/** What the parent gave to `startProcess`. */
export const readSetup = <Setup>(): Setup => JSON.parse(process.argv[2]!) as Setup;

/** Tells the parent that this process may be used, and what it has to know for that. */
export const reportReady = (ready: unknown): void => tell({ kind: 'ready', ready });

/** Answers each of the parent's orders; several may be under way at once. */
export function answerOrders<Order>(answer: (order: Order) => Promise<unknown>): void {
  process.on('message', ({ id, order }: ToChild) => {
    answer(order as Order).then(
      (value) => tell({ kind: 'answer', id, value }),
      (error: unknown) => tell({ kind: 'failure', id, reason: String(error) }),
    );
  });
}

function tell(message: FromChild): void {
  process.send!(message);
}
