/** Runs at most `running` tasks at once and lets at most `waiting` more wait; `full` makes the refusal of any other. */
export function boundedWork(
  running: number,
  waiting: number,
  full: () => Error,
): <T>(task: () => Promise<T>) => Promise<T> {
  let busy = 0;
  const queue: (() => void)[] = [];

  return async (task) => {
    if (busy < running) busy += 1;
    else {
      if (queue.length >= waiting) throw full();
      await new Promise<void>((start) => queue.push(start)); // whoever ends hands its place over
    }
    try {
      return await task();
    } finally {
      const next = queue.shift();
      if (next) next();
      else busy -= 1;
    }
  };
}
