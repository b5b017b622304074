import { BadSupergraphConfig } from '@inevitable/gateway/supergraph';
import {
  composeSubgraphs,
  readSubgraphs,
  readSupergraphConfig,
  schemaFiles,
  SupergraphUnreadable,
  type ComposedSubgraphs,
  type SubgraphText,
} from '@inevitable/toolchain/compose';
import { watch } from 'chokidar';

/** Editors write a file in several steps, and a checkout changes many files at once. */
const SETTLE_MS = 50;

/** A file that is replaced is watched anew, and what is written until then causes no event: it is seen by a second look. */
const SECOND_LOOK_MS = 1_000;

/** What supergraph.yaml and the schemas it names come to, at one time. */
export type SupergraphLook =
  | (ComposedSubgraphs & { readonly subgraphs: readonly SubgraphText[] })
  /** A file or a URL cannot be read, or what was told could not be used: one sentence. The next change is waited for. */
  | { readonly kind: 'unreadable'; readonly message: string };

/**
 * Composes, and again whenever supergraph.yaml or a schema file that it names changes, is replaced, vanishes or comes
 * back. Tells only what is new. One look after the other: `tell` is waited for. A schema that a URL tells is asked for
 * anew with every look, and causes none. What `tell` throws at the first time is thrown on; later it is told. Answers a
 * function that ends it once nothing is under way.
 */
export async function watchSupergraph(
  configPath: string,
  tell: (look: SupergraphLook) => Promise<void> | void,
): Promise<() => Promise<void>> {
  let told: string | null = null;
  let due: NodeJS.Timeout | null = null;
  let second: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  let closed = false;

  // What is added later is told of by an event too, so nothing is missed between reading a file and watching it.
  const watcher = watch(configPath, { ignoreInitial: false });

  const look = async (): Promise<void> => {
    if (closed) return;
    const read = await readAll(configPath, (files) => void watcher.add([...files]));
    const now = JSON.stringify(read);
    if (now === told) return;
    told = now;
    await tell('message' in read ? read : { ...composeSubgraphs(read.subgraphs), subgraphs: read.subgraphs });
  };
  const lookAgain = (): Promise<void> =>
    look().catch((error: unknown) => tell({ kind: 'unreadable', message: (error as Error).message }));
  const lookSoon = (): void => {
    due ??= setTimeout(() => {
      due = null;
      looking = looking.then(lookAgain);
    }, SETTLE_MS);
    clearTimeout(second);
    second = setTimeout(() => (looking = looking.then(lookAgain)), SECOND_LOOK_MS);
  };

  await new Promise<void>((resolve) => void watcher.once('ready', resolve));
  watcher.on('all', lookSoon);
  looking = look();
  await looking;
  return async () => {
    closed = true;
    if (due) clearTimeout(due);
    clearTimeout(second);
    await watcher.close();
    await looking;
  };
}

type AllRead = { readonly subgraphs: readonly SubgraphText[] } | Extract<SupergraphLook, { kind: 'unreadable' }>;

async function readAll(configPath: string, onFiles: (files: readonly string[]) => void): Promise<AllRead> {
  try {
    const config = await readSupergraphConfig(configPath);
    onFiles(schemaFiles(configPath, config)); // before they are read: one of them may be missing
    return { subgraphs: await readSubgraphs(configPath, config) };
  } catch (error) {
    if (error instanceof SupergraphUnreadable || error instanceof BadSupergraphConfig)
      return { kind: 'unreadable', message: error.message };
    throw error;
  }
}
