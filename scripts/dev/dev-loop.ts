import { setTimeout as wait } from 'node:timers/promises';
import type { SubgraphDeclaration } from '@inevitable/kit';
import type { HostedProduct } from '../parts/hosted-products.js';
import type { RunningStack, RunningProduct } from '../run/run-stack.js';
import type { Compiler } from './compiler.js';
import type { DevProblem } from './dev-problem.js';
import { problemInWords } from './dev-problem.js';
import type { DevRegistry } from './dev-registry.js';
import type { LiveProduct, LoadedProduct, ProductState } from './live-product.js';
import { newInDeclaration } from './new-in-declaration.js';

/** What the supergraph on the disk comes to. */
export type DevLook =
  | { readonly kind: 'composed'; readonly sdl: string; readonly schemas: ReadonlyMap<string, string> }
  | { readonly kind: 'failed'; readonly problem: DevProblem };

export interface DevLoopParts {
  readonly stack: Pick<RunningStack, 'gateway' | 'subgraphs' | 'workers' | 'redeclare'>;
  readonly products: readonly LiveProduct[];
  readonly registry: DevRegistry;
  readonly compiler: Pick<Compiler, 'isIdle' | 'errors' | 'errorsBelow'>;
  /** What is on the disk, and takes a new start of everything. */
  readonly needsRestart: (look: DevLook) => Promise<readonly RestartNeeded[]>;
  /** Called when they are others than before. */
  readonly tellProblems: (problems: readonly DevProblem[]) => Promise<void>;
  /** One line about something that is served now. */
  readonly tellServed: (line: string) => void;
}

export interface RestartNeeded {
  readonly problem: DevProblem;
  /** The supergraph on the disk cannot be served before. */
  readonly holdsSupergraph: boolean;
}

/** A state of a product that is not served any more is kept this long: requests that began on it have all ended then. Milliseconds. */
const RETIRE_AFTER_MS = 35_000;
/** A gateway that is slower takes it over all the same; only the line about it is missing then. */
const TAKEN_OVER_WITHIN_MS = 10_000;

const RESTART = 'Stop "stack dev" and start it again.';
export const restartNeeded = (message: string, holdsSupergraph: boolean): RestartNeeded => ({
  problem: problemInWords('A new start is needed', 'RESTART_NEEDED', message, RESTART),
  holdsSupergraph,
});

/**
 * Serves what is on the disk, as far as it is good: the supergraph when it composes and its subgraphs can be hosted with
 * their new schemas, the code of a product when it compiles and loads. What is not good changes nothing but the problems.
 */
export class DevLoop {
  readonly #parts: DevLoopParts;
  #look: DevLook;
  #due = false;
  /** Of the first change that was not taken over yet; null: there is none. */
  #noticedAt: number | null = null;
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  #isClosed = false;
  #told = '[]';
  /** By product: the state that did not load, and why. It is not tried again. */
  readonly #failed = new Map<LiveProduct, { readonly state: ProductState; readonly problem: DevProblem }>();
  /** Not served any more, once the gateway has taken over what follows. */
  #replaced: RunningProduct[] = [];

  constructor(first: DevLook, parts: DevLoopParts) {
    this.#look = first;
    this.#parts = parts;
  }

  /** The schemas on the disk came to something else. */
  looked(look: DevLook): void {
    this.#look = look;
    this.wake();
  }

  /** Something changes: what is said to be served later counts from here. */
  noticed(): void {
    this.#noticedAt ??= performance.now();
  }

  /** Something may have changed. */
  wake(): void {
    if (this.#isClosed) return;
    this.noticed();
    this.#due = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#running = this.#run();
  }

  /** Resolves when nothing is under way. */
  settled(): Promise<void> {
    return this.#running;
  }

  /** The same, and nothing more is begun. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#due && !this.#isClosed) await this.#lookOnce();
    } finally {
      this.#isRunning = false; // here and no later: whoever wakes it now begins a new run
    }
  }

  async #lookOnce(): Promise<void> {
    this.#due = false;
    const noticedAt = this.#noticedAt ?? performance.now();
    let problems: readonly DevProblem[];
    try {
      problems = await this.#update(noticedAt);
    } catch (error) {
      problems = [problemInWords('What is on the disk could not be taken over', 'DEV_FAILED', error)];
    }
    if (this.#parts.compiler.isIdle && !this.#due) this.#noticedAt = null;
    const now = JSON.stringify(problems);
    if (now !== this.#told) await this.#parts.tellProblems(problems);
    this.#told = now;
  }

  /** Answers what is wrong. */
  async #update(noticedAt: number): Promise<readonly DevProblem[]> {
    const { registry, compiler, needsRestart } = this.#parts;
    const look = this.#look;
    const restarts = await needsRestart(look);
    const problems: DevProblem[] = look.kind === 'failed' ? [look.problem] : [];
    problems.push(...restarts.map(({ problem }) => problem));
    if (compiler.errors.length) problems.push({ title: 'The code does not compile', findings: compiler.errors });
    const schemas =
      look.kind === 'composed' && !restarts.some(({ holdsSupergraph }) => holdsSupergraph) ? look.schemas : null;

    const loaded = await this.#loadChanged(schemas, problems);
    // One supergraph for all of them: a schema is new with the others, or not at all.
    const takesSchemas =
      schemas !== null &&
      this.#parts.products.every((product) => {
        const wanted = schemas.get(product.name);
        return (
          wanted === undefined ||
          wanted === product.state.schema ||
          loaded.some((one) => one.product === product && one.state.schema === wanted)
        );
      });
    const taken: LoadedProduct[] = [];
    for (const one of loaded) {
      if (one.state.schema === one.product.state.schema || takesSchemas) taken.push(one);
      else await one.hosted.close();
    }
    const sdl = look.kind === 'composed' && takesSchemas ? look.sdl : registry.sdl;
    if (taken.length || sdl !== registry.sdl) await this.#serve(taken, sdl, noticedAt);
    return problems;
  }

  /** Hosts every product that is another now; what cannot be is added to the problems. */
  async #loadChanged(
    schemas: ReadonlyMap<string, string> | null,
    problems: DevProblem[],
  ): Promise<readonly LoadedProduct[]> {
    const { products, compiler } = this.#parts;
    const loaded: LoadedProduct[] = [];
    for (const product of products) {
      const held = !compiler.isIdle || compiler.errorsBelow(product.files.folder).length > 0;
      const state: ProductState = {
        code: held ? product.state.code : await product.codeNow(),
        schema: schemas?.get(product.name) ?? product.state.schema,
      };
      if (isSame(state, product.state)) {
        this.#failed.delete(product);
        continue;
      }
      const failed = this.#failed.get(product);
      if (failed && isSame(state, failed.state)) {
        problems.push(failed.problem);
        continue;
      }
      try {
        loaded.push(await product.load(state));
        this.#failed.delete(product);
      } catch (error) {
        const problem = problemInWords(
          `${product.name} does not load`,
          'PRODUCT_NOT_LOADED',
          error,
          `Correct it: ${product.name} is served as it was before.`,
        );
        problems.push(problem);
        this.#failed.set(product, { state, problem });
      }
    }
    return loaded;
  }

  /** What is declared first, then the new workers, then the new subgraphs, then the supergraph that leads to them. */
  async #serve(taken: readonly LoadedProduct[], sdl: string, noticedAt: number): Promise<void> {
    const { stack, registry, tellServed } = this.#parts;
    const isNewSupergraph = sdl !== registry.sdl;
    const redeclared = taken.filter(
      ({ product, hosted }) => declarationOf(hosted) !== declarationOf(product.running.hosted),
    );
    if (redeclared.length) await this.#redeclare(redeclared, taken);
    for (const { product, state, hosted } of taken) {
      const worker = await stack.workers.start([hosted.worked]).catch(async (error: unknown) => {
        await hosted.close();
        throw error;
      });
      const before = product.become({ hosted, worker }, state);
      void before.worker.stop().catch(() => undefined); // who closes the stack stops it once more, and hears of it
      this.#replaced.push(before);
      stack.subgraphs.set(product.name, hosted.handle);
    }
    const id = registry.publish(sdl);
    if (!(await this.#isTakenOver(id))) return;
    for (const before of this.#replaced.splice(0)) retire(before);
    const names = taken.map(({ product }) => product.name);
    const what = [...(isNewSupergraph ? ['the new supergraph'] : []), ...names].join(', ');
    this.#noticedAt = null;
    tellServed(`serving ${what} (${((performance.now() - noticedAt) / 1_000).toFixed(1)} s)`);
  }

  async #redeclare(redeclared: readonly LoadedProduct[], taken: readonly LoadedProduct[]): Promise<void> {
    const { stack, tellServed } = this.#parts;
    try {
      await stack.redeclare(redeclared.map(({ hosted }) => declarationOf(hosted)));
    } catch (error) {
      await Promise.all(taken.map(({ hosted }) => hosted.close()));
      throw error;
    }
    for (const { product, hosted } of redeclared)
      for (const line of newInDeclaration(declarationOf(product.running.hosted), declarationOf(hosted)))
        tellServed(line);
  }

  /** False: the gateway does not take it, and says why on its page and in `/ready`. */
  async #isTakenOver(id: string): Promise<boolean> {
    const until = performance.now() + TAKEN_OVER_WITHIN_MS;
    while (this.#parts.stack.gateway.supergraphId() !== id) {
      if (this.#isClosed || performance.now() > until) return false;
      await wait(20);
    }
    return true;
  }
}

const declarationOf = ({ worked }: HostedProduct): SubgraphDeclaration => worked.declaration;

const isSame = (one: ProductState, other: ProductState): boolean =>
  one.code === other.code && one.schema === other.schema;

/** Where the stack is stopped before, its products are closed with it. */
function retire({ hosted, worker }: RunningProduct): void {
  const close = async (): Promise<void> => {
    await worker.stop();
    await hosted.close();
  };
  setTimeout(() => void close().catch(() => undefined), RETIRE_AFTER_MS).unref();
}
