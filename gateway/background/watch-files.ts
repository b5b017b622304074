import { unwatchFile, watchFile } from 'node:fs';

/** By polling, which also sees a file that was replaced, or that lies on a mounted volume. */
const LOOK_EVERY_MS = 500;

export interface FileWatcher<Read> {
  /** Of all files together; called again when one of them has changed. */
  readonly read: () => Promise<Read>;
  readonly onRead: (read: Read) => void;
  readonly onFailed: (error: unknown) => void;
}

/** Reads now, because they may have been written since they were read last, and whenever they change. Returns what ends it. */
export function watchFiles<Read>(paths: readonly string[], { read, onRead, onFailed }: FileWatcher<Read>): () => void {
  let looks = 0;
  const look = (): void => {
    const mine = ++looks; // a slower look than the next one, or than the end, has nothing to tell any more
    read().then(
      (value) => {
        if (mine === looks) onRead(value);
      },
      (error: unknown) => {
        if (mine === looks) onFailed(error);
      },
    );
  };
  for (const path of paths) watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, look);
  look();
  return () => {
    looks++;
    for (const path of paths) unwatchFile(path, look);
  };
}
