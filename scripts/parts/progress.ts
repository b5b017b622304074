/** Lines for the person who waits. A step that takes over a second says so while it runs, and how long it took. */
export interface Progress {
  line(text: string): void;
  step<T>(title: string, work: () => Promise<T>): Promise<T>;
}

const SLOW_MS = 1_000;

export function progressTo(write: (text: string) => void): Progress {
  const line = (text: string): void => write(`  ${text}\n`);
  return {
    line,
    async step(title, work) {
      const started = performance.now();
      let told = false;
      const slow = setTimeout(() => {
        told = true;
        line(`${title} …`);
      }, SLOW_MS);
      try {
        const result = await work();
        if (told) line(`${title}: done in ${((performance.now() - started) / 1_000).toFixed(1)} s`);
        return result;
      } finally {
        clearTimeout(slow);
      }
    },
  };
}
