import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { SubgraphDeclaration } from '@inevitable/kit';
import type { HostedProduct, HostedProducts } from '../parts/hosted-products.js';
import type { RunningProduct } from '../run/run-stack.js';
import type { ImportFresh } from './fresh-modules.js';
import { codeIn, type ProductFiles } from './product-files.js';

/** What a product is made of, at one time. */
export interface ProductState {
  /** A hash of its compiled code. */
  readonly code: string;
  /** The text of its schema, as its team wrote it. */
  readonly schema: string;
}

/** A product in a new state that is hosted and not served yet. */
export interface LoadedProduct {
  readonly product: LiveProduct;
  readonly state: ProductState;
  readonly hosted: HostedProduct;
}

/** A product of this project that is reloaded while it runs. */
export class LiveProduct {
  readonly files: ProductFiles;
  readonly #schemaFile: string;
  readonly #products: HostedProducts;
  readonly #importFresh: ImportFresh;
  #running: RunningProduct;
  #state: ProductState;

  private constructor(
    files: ProductFiles,
    running: RunningProduct,
    state: ProductState,
    schemaFile: string,
    products: HostedProducts,
    importFresh: ImportFresh,
  ) {
    this.files = files;
    this.#running = running;
    this.#state = state;
    this.#schemaFile = schemaFile;
    this.#products = products;
    this.#importFresh = importFresh;
  }

  /** As it was started. */
  static async of(
    files: ProductFiles,
    running: RunningProduct,
    products: HostedProducts,
    importFresh: ImportFresh,
  ): Promise<LiveProduct> {
    const schemaFile = fileURLToPath(running.hosted.worked.declaration.schema);
    const state = { code: await codeIn(files.compiled, schemaFile), schema: await readFile(schemaFile, 'utf8') };
    return new LiveProduct(files, running, state, schemaFile, products, importFresh);
  }

  get name(): string {
    return this.files.name;
  }

  /** What is served. */
  get state(): ProductState {
    return this.#state;
  }

  get running(): RunningProduct {
    return this.#running;
  }

  codeNow(): Promise<string> {
    return codeIn(this.files.compiled, this.#schemaFile);
  }

  /**
   * Loads and hosts it in another state, beside the one that is served. Throws what its modules throw, what hosting
   * throws where schema and resolvers do not fit together, and what migrating its database throws.
   */
  async load(state: ProductState): Promise<LoadedProduct> {
    await writeFile(this.#schemaFile, state.schema); // where its declaration says that it is
    const declaration =
      state.code === this.#state.code ? this.#running.hosted.worked.declaration : await this.#declared();
    return { product: this, state, hosted: await this.#products.host(declaration) };
  }

  /** From now on it is served like this; answers what was. */
  become(running: RunningProduct, state: ProductState): RunningProduct {
    const before = this.#running;
    this.#running = running;
    this.#state = state;
    return before;
  }

  async #declared(): Promise<SubgraphDeclaration> {
    const module = (await this.#importFresh(this.files.entry)) as { default?: SubgraphDeclaration };
    if (module.default?.name !== this.name)
      throw new Error(`The default export of ${this.files.entry} must be the declaration of "${this.name}".`);
    return module.default;
  }
}
