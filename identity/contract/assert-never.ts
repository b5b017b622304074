/** Ends a `switch` over a closed union, so that a new case shows every place that must think about it. */
export function assertNever(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}`);
}
