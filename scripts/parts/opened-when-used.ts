import type { FileStore } from '@inevitable/kit/host';

/** A file store that is opened by the first who needs it: a command that needs none works while it is down. */
export function openedWhenUsed(open: () => Promise<FileStore>): FileStore {
  let opened: Promise<FileStore> | null = null;
  const store = (): Promise<FileStore> => (opened ??= open());
  return {
    put: async (key, bytes) => (await store()).put(key, bytes),
    stat: async (key) => (await store()).stat(key),
    read: async (key, range) => (await store()).read(key, range),
    delete: async (key) => (await store()).delete(key),
    list: async (prefix, after) => (await store()).list(prefix, after),
    health: async () => (await store()).health(),
    close: async () => (await opened?.catch(() => null))?.close(),
  };
}
