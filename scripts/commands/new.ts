import { relative } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { makeSubgraph, SubgraphFailed, type MadeSubgraph } from '../parts/new-subgraph/make-subgraph.js';
import { planSubgraph, type SubgraphPlan } from '../parts/new-subgraph/plan-subgraph.js';
import { progressTo } from '../parts/progress.js';
import { ExitCode, type CommandWorld } from './command.js';

const EXIT_CODES = `
It is all or nothing: what fails in the middle, or is interrupted, leaves every file as it was before.
Exit code: 0 made, 1 what came out did not hold (it does not compose, its lint or its tests fail), 2 it could not be made.
`;

const EXAMPLES = `
Examples:
  stack new subgraph planner --entity Task
  stack new subgraph claude-config --entity Configuration --port 4010
  stack new subgraph invoices --dry-run           says what it would write, and writes nothing
  stack new subgraph people --entity Person --plural People --no-test --json`;

interface Flags {
  readonly entity?: string;
  readonly plural?: string;
  readonly port?: number;
  readonly directory?: string;
  readonly test: boolean;
  readonly dryRun?: true;
  readonly json?: true;
}

/** What a test may set: the time, which migrations are named after, and what interrupts it beside Ctrl-C. */
interface Around {
  readonly now?: Date;
  readonly signal?: AbortSignal;
}

export function newCommand(program: Command, world: CommandWorld, around: Around = {}): void {
  program
    .command('new')
    .description('make something new in this clone')
    .addHelpText('after', EXAMPLES)
    .command('subgraph')
    .description('make a subgraph from the starter: named, in the supergraph, compiled and tested')
    .argument('<name>', "the product's name, such as claude-config")
    .option('--entity <Name>', 'what one of its objects is called, such as Invoice; made of the name unless told')
    .option('--plural <Names>', 'the same in the plural, where spelling does not tell: People')
    .option('--port <number>', 'where it runs apart; the first one that is free unless told', portFrom)
    .option('--directory <folder>', 'below subgraphs/; subgraphs/<name> unless told')
    .option('--no-test', 'do not run its tests')
    .option('--dry-run', 'say what would be written, and write nothing')
    .option('--json', 'one JSON object instead of text')
    .addHelpText('after', EXIT_CODES + EXAMPLES)
    .action((product: string, flags: Flags) => newSubgraph(product, flags, world, around));
}

function portFrom(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('A port is a number from 1 to 65535.');
  return port;
}

async function newSubgraph(product: string, flags: Flags, world: CommandWorld, around: Around): Promise<void> {
  const { root, env } = world;
  const { supergraphConfig: supergraphFile, publicUrl, port: gatewayPort } = world.settings();
  const { entity, plural, port, directory, test: withTests, dryRun, json } = flags;
  const plan = await planSubgraph(
    root,
    supergraphFile,
    { product, entity, plural, port, directory },
    around.now ?? new Date(),
  );
  if (dryRun) {
    world.print(json ? asJson(plan, root, { dryRun: true }) : planAsText(plan, root));
    return;
  }
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    const progress = progressTo(world.complain);
    const signal = AbortSignal.any([interrupted.signal, ...(around.signal ? [around.signal] : [])]);
    const options = { root, supergraphFile, env, withTests, signal, progress };
    const made = await makeSubgraph(plan, options);
    world.print(
      json
        ? asJson(plan, root, { ...made })
        : madeAsText(plan, root, made, publicUrl ?? `http://127.0.0.1:${gatewayPort}`),
    );
  } catch (error) {
    if (!(error instanceof SubgraphFailed)) throw error;
    if (json) world.print(`${JSON.stringify({ ok: false, message: error.message })}\n`);
    else world.complain(`stack: ${product} was taken back, as it does not hold. ${error.message}\n`);
    process.exitCode = ExitCode.Findings;
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** For GraphiQL or curl, signed in as somebody of a tenant: it writes one, and lists those of the tenant. */
const exampleOf = ({ names: { one, many } }: SubgraphPlan) => ({
  write: `mutation { create${one.pascal}(input: { text: "three small words" }) { id text } }`,
  read: `{ viewer { tenant { name ${many.camel}(first: 5) { nodes { id text wordCount } } } } }`,
});

const editedIn = ({ edits }: SubgraphPlan, root: string): readonly string[] =>
  edits.map(({ path }) => relative(root, path));

function asJson(plan: SubgraphPlan, root: string, more: object): string {
  const { names, packageName, port, directory, files } = plan;
  return `${JSON.stringify({
    ok: true,
    product: names.product.kebab,
    package: packageName,
    entity: names.one.pascal,
    plural: names.many.pascal,
    port,
    directory,
    files: files.map(({ path }) => `${directory}/${path}`),
    edited: editedIn(plan, root),
    example: exampleOf(plan),
    ...more,
  })}\n`;
}

function planAsText(plan: SubgraphPlan, root: string): string {
  const { names, directory, files, port } = plan;
  return `${[
    `${names.product.kebab} would be made in ${directory}, with the type ${names.one.pascal}, on port ${port}:`,
    ...files.map(({ path }) => `  new      ${directory}/${path}`),
    ...editedIn(plan, root).map((path) => `  changed  ${path}`),
    `  new      ${relative(root, plan.link.path)} → ${directory}`,
  ].join('\n')}\n`;
}

/** `origin`: where clients reach the stack. */
function madeAsText(plan: SubgraphPlan, root: string, { testsPassed, linted }: MadeSubgraph, origin: string): string {
  const { names, directory, files, port } = plan;
  const { write, read } = exampleOf(plan);
  const proved = ['it compiles', 'it composes', ...(linted ? ['its schema is clean'] : [])];
  return `${[
    `${names.product.kebab} is in ${directory}: ${files.length} files, the type ${names.one.pascal}, port ${port} where it runs apart.`,
    `Changed: ${editedIn(plan, root).join(', ')}.`,
    `Shown: ${[...proved, testsPassed === null ? 'its tests were not run' : `${testsPassed} of its tests pass`].join(', ')}.`,
    '',
    'Next:',
    '  npm start                         migrates it and runs it with everything else',
    '',
    'Sign in as ada@acme.test (the start says how), write one, and list those of her tenant:',
    '',
    ...[write, read].map((query) => curlOf(query, origin)),
    '',
    `A token from before does not have its permissions: sign in again. Begin with ${directory}/schema.graphql and`,
    `${directory}/subgraph.ts, where "owner" names the team; then`,
    '',
    `  npm test -- --selectProjects unit --testPathPatterns ${directory}/`,
  ].join('\n')}\n`;
}

const curlOf = (query: string, origin: string): string =>
  `  curl -s ${origin}/graphql -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\\n` +
  `    -d '${JSON.stringify({ query })}'`;
