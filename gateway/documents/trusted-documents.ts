import { readFile } from 'node:fs/promises';
import type { PartHealth } from '@inevitable/contract';
import type { Logger } from 'pino';
import { watchFiles } from '../background/watch-files.js';
import type { DocumentList } from './document-list.js';
import { readDocumentList, type ManifestText } from './read-document-list.js';
import { ManifestUnusable } from './read-manifest.js';

export interface TrustedDocumentsOptions {
  /** `enforce`: only listed documents are run. `log`: all are, and those that are not listed are told of. */
  readonly mode: 'log' | 'enforce';
  /** Paths of manifests; one that is replaced takes effect without a restart. */
  readonly manifests: readonly string[];
  /** What the stack's own pages and commands send; listed beside the manifests. */
  readonly own?: readonly string[];
}

/** The documents of manifests that are followed while the gateway runs. */
export class TrustedDocuments {
  readonly mode: TrustedDocumentsOptions['mode'];
  readonly #options: TrustedDocumentsOptions;
  #texts: readonly ManifestText[];
  #list: DocumentList;
  #problem: string | null = null;

  private constructor(options: TrustedDocumentsOptions, texts: readonly ManifestText[], list: DocumentList) {
    this.mode = options.mode;
    this.#options = options;
    this.#texts = texts;
    this.#list = list;
  }

  /** Rejects with `ManifestUnusable`. */
  static async read(options: TrustedDocumentsOptions): Promise<TrustedDocuments> {
    const texts = await textsOf(options.manifests);
    return new TrustedDocuments(options, texts, await readDocumentList(texts, options.own ?? []));
  }

  /** The one that counts now. */
  get list(): DocumentList {
    return this.#list;
  }

  /** Takes over what is written to the manifests; what cannot be used leaves the list as it is. Returns what ends it. */
  follow(log: Logger): () => void {
    return watchFiles(this.#options.manifests, {
      read: async () => {
        const texts = await textsOf(this.#options.manifests);
        const isSame = texts.every(({ text }, index) => text === this.#texts[index]?.text);
        return { texts, list: isSame ? this.#list : await readDocumentList(texts, this.#options.own ?? []) };
      },
      onRead: ({ texts, list }) => {
        this.#problem = null;
        if (list === this.#list) return;
        this.#texts = texts;
        this.#list = list;
        log.info({ documents: list.size }, 'Another list of trusted documents counts.');
      },
      onFailed: (error) => {
        this.#problem = `the list of before counts: ${(error as Error).message}`;
        log.error({ err: error }, 'The manifest of trusted documents cannot be used; the list of before counts.');
      },
    });
  }

  health(): PartHealth {
    // With the list of before the gateway is as good as it was.
    return { name: 'trusted documents', ready: true, reason: this.#problem };
  }
}

async function textsOf(files: readonly string[]): Promise<readonly ManifestText[]> {
  const texts: ManifestText[] = [];
  for (const file of files) texts.push({ file, text: await textOf(file) });
  return texts;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ManifestUnusable(`${file} cannot be read (${(cause as NodeJS.ErrnoException).code}).`, { cause });
  }
}
