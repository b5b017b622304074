import { beforeEach, describe, expect, it } from '@jest/globals';
import type { SubgraphHandle, SupergraphVersion } from '@inevitable/contract';
import type { Finding } from '@inevitable/toolchain';
import type { HostedProduct } from '../parts/hosted-products.js';
import type { RunningProduct } from '../run/run-stack.js';
import { DevLoop, restartNeeded, type DevLook, type RestartNeeded } from './dev-loop.js';
import { problemInWords, type DevProblem } from './dev-problem.js';
import { DevRegistry } from './dev-registry.js';
import type { LiveProduct, ProductState } from './live-product.js';

interface Worked {
  readonly declaration: { readonly state: string };
}

/** What is on the disk of a made project with the products `a` and `b`, and what its stack serves. */
class MadeProject {
  readonly code = new Map([
    ['a', 'a1'],
    ['b', 'b1'],
  ]);
  readonly registry = new DevRegistry('a:s1 b:s1');
  readonly subgraphs = new Map<string, SubgraphHandle>();
  errors: Finding[] = [];
  isIdle = true;
  restarts: RestartNeeded[] = [];
  /** The state that throws. */
  broken: string | null = null;
  readonly open = new Set<string>();
  readonly workers = new Set<string>();
  readonly problems: (readonly DevProblem[])[] = [];
  readonly served: string[] = [];
  /** Declarations that core-identity and operations were told of, by their state. */
  readonly redeclared: string[] = [];
  /** Why core-identity does not take a declaration over. */
  refused: string | null = null;
  gatewayTakes = true;
  gatewayServes = '';
  readonly products: LiveProduct[];
  readonly loop: DevLoop;

  constructor() {
    this.registry.watch(({ id }: SupergraphVersion) => {
      if (this.gatewayTakes) this.gatewayServes = id;
    });
    this.products = ['a', 'b'].map((name) => this.product(name));
    this.loop = new DevLoop(composed('s1', 's1'), {
      stack: {
        gateway: { supergraphId: () => this.gatewayServes },
        subgraphs: this.subgraphs,
        workers: { start: async ([{ declaration }]: [Worked]) => this.worker(declaration.state) },
        redeclare: async (changed: readonly Worked['declaration'][]) => {
          if (this.refused) throw new Error(this.refused);
          this.redeclared.push(...changed.map(({ state }) => state));
        },
      } as never,
      products: this.products,
      registry: this.registry,
      compiler: this.compiler(),
      needsRestart: async () => this.restarts,
      tellProblems: async (problems) => void this.problems.push(problems),
      tellServed: (line) => void this.served.push(line.replace(/ \(.*/, '')),
    });
  }

  private compiler() {
    const errors = (): readonly Finding[] => this.errors;
    const isIdle = (): boolean => this.isIdle;
    return {
      get errors() {
        return errors();
      },
      get isIdle() {
        return isIdle();
      },
      errorsBelow: (folder: string) => this.errors.filter(({ place }) => place?.file.startsWith(folder)),
    };
  }

  private worker(state: string) {
    this.workers.add(state);
    return { worker: null, stop: async () => void this.workers.delete(state) };
  }

  /** As it was declared, if it was: new code has a new declaration, a new schema alone has not. */
  private hosted(state: string, declaration: Worked['declaration'] = { state }): HostedProduct {
    this.open.add(state);
    const close = async (): Promise<void> => void this.open.delete(state);
    return { handle: { name: state } as never, worked: { declaration } as never, close };
  }

  private product(name: string): LiveProduct {
    let state: ProductState = { code: `${name}1`, schema: 's1' };
    let running: RunningProduct = { hosted: this.hosted(`${name}1 s1`), worker: this.worker(`${name}1 s1`) as never };
    const product = {
      name,
      files: { folder: `/project/${name}` },
      get state() {
        return state;
      },
      get running() {
        return running;
      },
      codeNow: async () => this.code.get(name)!,
      load: async (next: ProductState) => {
        const text = `${next.code} ${next.schema}`;
        if (text === this.broken) throw new Error(`${text} is broken.`);
        const declaration = next.code === state.code ? running.hosted.worked.declaration : undefined;
        return { product, state: next, hosted: this.hosted(text, declaration as never) };
      },
      become(next: RunningProduct, nextState: ProductState) {
        const before = running;
        running = next;
        state = nextState;
        return before;
      },
    } as unknown as LiveProduct;
    return product;
  }

  /** Resolves when all that is on the disk was looked at. */
  async looked(look?: DevLook): Promise<void> {
    if (look) this.loop.looked(look);
    else this.loop.wake();
    await this.loop.settled();
  }

  /** Which code answers, by product: only those that were replaced. */
  get answers(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.subgraphs].map(([name, handle]) => [name, handle.name]));
  }

  get titles(): readonly string[] {
    return (this.problems.at(-1) ?? []).map(({ title }) => title);
  }
}

const composed = (a: string, b: string): DevLook => ({
  kind: 'composed',
  sdl: `a:${a} b:${b}`,
  schemas: new Map([
    ['a', a],
    ['b', b],
  ]),
});
const failed: DevLook = { kind: 'failed', problem: problemInWords('The subgraphs do not compose', 'X', 'No.') };

let project: MadeProject;
beforeEach(() => {
  project = new MadeProject();
});

describe('What is changed while the stack runs', () => {
  it('is left alone when nothing is other than it was', async () => {
    await project.looked();
    expect([project.answers, project.served, project.problems]).toEqual([{}, [], []]);
  });

  it('is served by its product alone when it is code', async () => {
    project.code.set('a', 'a2');
    await project.looked();
    expect(project.answers).toEqual({ a: 'a2 s1' });
    expect(project.registry.sdl).toBe('a:s1 b:s1');
    expect(project.served).toEqual(['serving a']);
    expect([...project.workers]).toEqual(['b1 s1', 'a2 s1']);
    expect([...project.open]).toEqual(['a1 s1', 'b1 s1', 'a2 s1']); // requests may be on the first until they have ended
  });

  it('is served with the new supergraph when it is a schema', async () => {
    await project.looked(composed('s2', 's1'));
    expect([project.answers, project.registry.sdl]).toEqual([{ a: 'a1 s2' }, 'a:s2 b:s1']);
    expect(project.served).toEqual(['serving the new supergraph, a']);
  });

  it('changes nothing when the subgraphs do not compose, but code still does', async () => {
    await project.looked(failed);
    expect([project.answers, project.titles]).toEqual([{}, ['The subgraphs do not compose']]);
    project.code.set('b', 'b2');
    await project.looked();
    expect([project.answers, project.registry.sdl]).toEqual([{ b: 'b2 s1' }, 'a:s1 b:s1']);
    await project.looked(composed('s1', 's1'));
    expect(project.titles).toEqual([]);
  });

  it('waits for the compiler, and does not run where it found an error', async () => {
    project.code.set('a', 'a2');
    project.isIdle = false;
    await project.looked();
    expect(project.answers).toEqual({});
    project.isIdle = true;
    project.errors = [{ code: 'TS1', severity: 'error', message: 'No.', place: { file: '/project/a/x.ts' } }];
    project.code.set('b', 'b2');
    await project.looked();
    expect([project.answers, project.titles]).toEqual([{ b: 'b2 s1' }, ['The code does not compile']]);
    project.errors = [];
    await project.looked();
    expect([project.answers, project.titles]).toEqual([{ a: 'a2 s1', b: 'b2 s1' }, []]);
  });

  it('stays as it was where the new code does not load, and is not tried again until it is another', async () => {
    project.code.set('a', 'a2');
    project.broken = 'a2 s1';
    await project.looked();
    project.broken = null;
    await project.looked();
    expect([project.answers, project.titles]).toEqual([{}, ['a does not load']]);
    expect(project.problems).toHaveLength(1);
    project.code.set('a', 'a3');
    await project.looked();
    expect([project.answers, project.titles]).toEqual([{ a: 'a3 s1' }, []]);
  });

  it('is known to core-identity and operations where it is declared anew, and only then', async () => {
    await project.looked(composed('s2', 's1'));
    expect(project.redeclared).toEqual([]);
    project.code.set('b', 'b2');
    await project.looked();
    expect(project.redeclared).toEqual(['b2 s1']);
  });

  it('is not served where core-identity does not take its declaration, and nothing of it stays open', async () => {
    project.code.set('a', 'a2');
    project.refused = 'A limit cannot be -1.';
    await project.looked();
    expect([project.answers, [...project.open], [...project.workers]]).toEqual([
      {},
      ['a1 s1', 'b1 s1'],
      ['a1 s1', 'b1 s1'],
    ]);
    expect(project.titles).toEqual(['What is on the disk could not be taken over']);
    project.refused = null;
    await project.looked();
    expect([project.answers, project.titles]).toEqual([{ a: 'a2 s1' }, []]);
  });

  it('is all schemas together or none: one that its code does not fit holds up the others', async () => {
    project.broken = 'a1 s2';
    await project.looked(composed('s2', 's2'));
    expect([project.answers, project.registry.sdl, project.titles]).toEqual([{}, 'a:s1 b:s1', ['a does not load']]);
    expect([...project.open]).toEqual(['a1 s1', 'b1 s1']); // what was hosted for nothing is closed
    project.code.set('a', 'a2');
    await project.looked();
    expect([project.answers, project.registry.sdl]).toEqual([{ a: 'a2 s2', b: 'b1 s2' }, 'a:s2 b:s2']);
    expect(project.titles).toEqual([]);
  });

  it('says what takes a new start, and keeps the supergraph that would need it', async () => {
    project.restarts = [restartNeeded('The kit has changed.', false)];
    await project.looked(composed('s2', 's1'));
    expect([project.answers, project.titles]).toEqual([{ a: 'a1 s2' }, ['A new start is needed']]);
    project.restarts = [restartNeeded('There is a new subgraph.', true)];
    await project.looked(composed('s3', 's1'));
    expect([project.answers, project.registry.sdl]).toEqual([{ a: 'a1 s2' }, 'a:s2 b:s1']);
  });
});
