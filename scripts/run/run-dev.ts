import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ConsoleProblem, SupergraphConfig } from '@inevitable/gateway';
import { countFindings } from '@inevitable/toolchain';
import type { Logger } from 'pino';
import type { Closers } from '../parts/closers.js';
import type { Progress } from '../parts/progress.js';
import { STACK_PARTS } from '../parts/products.js';
import { readSupergraphConfig } from '../parts/supergraph.js';
import { watchSupergraph, type SupergraphLook } from '../parts/watch-supergraph.js';
import { BadSetting, type Settings } from '../settings/settings.js';
import { startCompiler } from '../dev/compiler.js';
import { DevLoop, restartNeeded, type DevLook, type RestartNeeded } from '../dev/dev-loop.js';
import { forConsole, problemAsText, problemInWords, type DevProblem } from '../dev/dev-problem.js';
import { DevRegistry } from '../dev/dev-registry.js';
import { freshModules } from '../dev/fresh-modules.js';
import { LiveProduct } from '../dev/live-product.js';
import { productFiles, type ProductFiles } from '../dev/product-files.js';
import { watchParts } from '../dev/watch-parts.js';
import { watchProducts, type ProductSteps } from '../dev/watch-products.js';
import { runStack, type RunningStack } from './run-stack.js';

export interface DevTerminal {
  readonly colours: boolean;
  /** Text of several lines, as it is. */
  readonly complain: (text: string) => void;
}

/**
 * Everything in one process, as `runStack` does, and what is changed on the disk is served: schemas and supergraph.yaml
 * when they compose, a product's code when it compiles and loads. Throws what a start throws.
 */
export async function runDev(
  given: Settings,
  terminal: DevTerminal,
  progress: Progress,
  log: Logger,
  closers: Closers,
): Promise<void> {
  if (!given.development)
    throw new BadSetting(
      '"stack dev" is for development, and NODE_ENV or DEPLOYMENT_CONTEXT says otherwise. Use "stack start".',
    );
  if (given.metricsPort !== undefined)
    progress.line('METRICS_PORT is set: "stack dev" has a worker for each product, and measures none of them.');
  const settings: Settings = { ...given, metricsPort: undefined, supergraphSource: 'files' };
  const { root, supergraphConfig } = settings;

  let shown: readonly ConsoleProblem[] = [];
  const tellProblems = async (problems: readonly DevProblem[]): Promise<void> => {
    const before = new Set(shown.map(({ text }) => text));
    shown = await Promise.all(problems.map((problem) => forConsole(problem, root)));
    for (const [index, problem] of problems.entries()) {
      if (before.has(shown[index]!.text)) continue; // it stands above
      const text = await problemAsText(problem, { root, colours: terminal.colours });
      terminal.complain(`\n  ${problem.title}\n\n${text}\n`);
    }
    if (!problems.length) terminal.complain('  Everything on the disk is served again.\n');
    else terminal.complain(`  The last good state goes on being served. Open: ${countOf(problems)}.\n`);
  };

  let loop: DevLoop | null = null;
  let look: DevLook | null = null;
  let toldFirst = '';
  let firstComposed: (look: Extract<DevLook, { kind: 'composed' }>) => void = () => undefined;
  const composed = new Promise<Extract<DevLook, { kind: 'composed' }>>((resolve) => (firstComposed = resolve));
  const endWatching = await watchSupergraph(supergraphConfig, async (told) => {
    look = asDevLook(told);
    if (loop) return loop.looked(look);
    if (look.kind === 'composed') return firstComposed(look);
    // Nothing good was there before: it is waited for.
    toldFirst = await problemAsText(look.problem, { root, colours: terminal.colours });
    terminal.complain(`\n${toldFirst}\n  Waiting until the subgraphs compose.\n`);
  });
  closers.add('watching the schemas', endWatching);
  const first = await unlessSignalled(composed);

  const registry = new DevRegistry(first.sdl);
  const stack = await runStack(settings, progress, log, closers, { registry, problems: () => shown });

  const files = filesOfProducts(root, stack.config);
  const importFresh = freshModules(files.map(({ compiled }) => compiled));
  const products: LiveProduct[] = [];
  for (const running of stack.running) {
    const own = files.find(({ name }) => name === running.hosted.worked.declaration.name);
    if (own) products.push(await LiveProduct.of(own, running, stack.products, importFresh));
  }

  const steps = await loadSteps(root);
  const compiler = startCompiler(
    root,
    files.map(({ folder }) => folder),
    () => {
      steps.forgetMade();
      loop?.noticed();
    },
    () => loop?.wake(),
  );
  closers.add('the compiler', () => compiler.stop());
  const parts = await watchParts(root, supergraphConfig, () => loop?.wake());
  closers.add('watching the stack itself', () => parts.close());
  const begun = new DevLoop(look ?? first, {
    stack,
    products,
    registry,
    compiler,
    needsRestart: restartReasons(
      stack,
      first,
      new Set(files.map(({ name }) => name)),
      () => parts.changed,
      supergraphConfig,
    ),
    tellProblems,
    tellServed: progress.line,
  });
  loop = begun;
  closers.add('taking over changes', () => begun.close());
  closers.add(
    'watching the products',
    await watchProducts({
      products: files,
      steps,
      onChange: () => begun.wake(),
      onFailure: (product, error) =>
        void problemAsText(problemInWords(product, 'NOT_GENERATED', error), { root, colours: terminal.colours }).then(
          (text) => terminal.complain(`\n${text}`),
        ),
    }),
  );
  begun.wake(); // the schemas may have changed while it was started
  progress.line(
    `watching ${relative(root, supergraphConfig) || supergraphConfig}, the schemas, and the code of: ${files.map(({ name }) => name).join(', ')}`,
  );
}

/** A start that waits for somebody has nothing under way that a signal would have to wait for. */
async function unlessSignalled<T>(awaited: Promise<T>): Promise<T> {
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
  let stop = (): void => undefined;
  const signalled = new Promise<never>((_resolve, reject) => {
    stop = () => reject(new Error('stopped before anything was served.'));
    for (const signal of signals) process.once(signal, stop);
  });
  try {
    return await Promise.race([awaited, signalled]);
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}

const countOf = (problems: readonly DevProblem[]): string =>
  countFindings(problems.flatMap(({ findings }) => findings));

function asDevLook(told: SupergraphLook): DevLook {
  if (told.kind === 'unreadable')
    return { kind: 'failed', problem: problemInWords('The schemas cannot be read', 'UNREADABLE', told.message) };
  if (told.kind === 'failed')
    return { kind: 'failed', problem: { title: 'The subgraphs do not compose', findings: told.findings } };
  return {
    kind: 'composed',
    sdl: told.sdl,
    schemas: new Map(told.subgraphs.map(({ name, sdl }) => [name, sdl])),
  };
}

const filesOfProducts = (root: string, config: SupergraphConfig): readonly ProductFiles[] =>
  [...config.subgraphs.keys()].flatMap((name) => {
    const module = config.products.get(name)?.module;
    return STACK_PARTS.has(name) || !module ? [] : (productFiles(root, name, module) ?? []);
  });

/** What the stack itself is made of, and what it read once: asked for with every change. */
function restartReasons(
  { config }: RunningStack,
  { schemas }: Extract<DevLook, { kind: 'composed' }>,
  reloaded: ReadonlySet<string>,
  changedParts: () => readonly string[],
  supergraphConfig: string,
): (look: DevLook) => Promise<readonly RestartNeeded[]> {
  const routesOf = (read: SupergraphConfig): string => JSON.stringify([...read.products]);
  return async (look) => {
    const reasons: RestartNeeded[] = [];
    const parts = changedParts();
    if (parts.length)
      reasons.push(restartNeeded(`The code in ${parts.join(', ')} has changed, and is loaded once.`, false));
    if (look.kind === 'failed') return reasons;
    for (const [name, sdl] of look.schemas) {
      const before = schemas.get(name);
      if (before === undefined)
        reasons.push(restartNeeded(`supergraph.yaml lists "${name}", which was not there at the start.`, true));
      else if (sdl !== before && !reloaded.has(name))
        reasons.push(restartNeeded(`The schema of "${name}" has changed, and it is not reloaded.`, true));
    }
    // Where it cannot be read now, it can be soon, or is told as a problem of its own.
    const read = await readSupergraphConfig(supergraphConfig).catch(() => config);
    if (routesOf(read) !== routesOf(config))
      reasons.push(restartNeeded('What supergraph.yaml says below "products:" has changed, and is read once.', false));
    return reasons;
  };
}

/** Plain JavaScript beside the other steps that make a clone ready; compiled code is elsewhere than it. */
async function loadSteps(root: string): Promise<ProductSteps> {
  const load = (name: string): Promise<unknown> => import(pathToFileURL(join(root, 'scripts', 'prepare', name)).href);
  const [compile, generate, fingerprint] = await Promise.all([
    load('compile.js'),
    load('generate.js'),
    load('fingerprint.js'),
  ]);
  const { mark } = fingerprint as { mark: (root: string, step: string) => { remove(): void } };
  const { isReadAtRunTime } = compile as Pick<ProductSteps, 'isReadAtRunTime'>;
  const { generateClient, generateResolverTypes } = generate as Record<
    'generateClient' | 'generateResolverTypes',
    (root: string, folder: string) => Promise<void>
  >;
  return {
    isReadAtRunTime,
    generateClient: (folder) => generateClient(root, relative(root, folder)),
    generateResolverTypes: (folder) => generateResolverTypes(root, relative(root, folder)),
    forgetMade() {
      for (const step of ['generate', 'compile']) mark(root, step).remove();
    },
  };
}
