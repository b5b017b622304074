import type { Files, StoredFile } from './file-store.js';

/** All files whose key begins with `prefix`, page after page, in the order of their keys. */
export async function* everyFile(files: Pick<Files, 'list'>, prefix = ''): AsyncGenerator<StoredFile> {
  for (let after: string | null = null; ;) {
    const page: readonly StoredFile[] = await files.list(prefix, after);
    yield* page;
    if (!page.length) return;
    after = page.at(-1)!.key;
  }
}

/** Deletes them; answers how many there were. */
export async function deleteEveryFile(files: Pick<Files, 'list' | 'delete'>, prefix = ''): Promise<number> {
  let deleted = 0;
  for await (const { key } of everyFile(files, prefix)) {
    await files.delete(key);
    deleted += 1;
  }
  return deleted;
}

export async function countFiles(files: Pick<Files, 'list'>): Promise<number> {
  let count = 0;
  for (let after: string | null = null; ;) {
    const page: readonly StoredFile[] = await files.list('', after);
    if (!page.length) return count;
    count += page.length;
    after = page.at(-1)!.key;
  }
}
