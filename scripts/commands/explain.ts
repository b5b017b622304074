import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { startPlannerThreads } from '@inevitable/gateway';
import {
  asJson,
  explainOperation,
  explanationAsText,
  findingsAsData,
  tellFindings,
  type Explained,
  type Explanation,
} from '@inevitable/toolchain';
import { Option, type Command } from 'commander';
import picocolors from 'picocolors';
import { openLog } from '../parts/open-log.js';
import { chosenSupergraph, type SupergraphChoice } from '../parts/schema-commands/chosen-supergraph.js';
import { progressTo } from '../parts/progress.js';
import { ExitCode, type CommandWorld } from './command.js';

const HELP = `
Prints the plan (what is asked of which subgraph, and what waits for what), the cost, and what the caller needs. The cost
is the static one of @cost and @listSize: objects 1, scalars 0, a mutation 10 more, lists times their length.

Exit code: 0 explained, 1 the operation is not valid, 2 it could not be read or planned.

Examples:
  stack explain '{ viewer { user { displayName notes(first: 5) { nodes { text } } } } }'
  stack explain --file notes.graphql --operation Notes --variables '{ "first": 50 }'
  stack explain --file notes.graphql --published  on the version that is served
  stack explain '{ viewer { roles } }' --json`;

interface Flags extends SupergraphChoice {
  readonly file?: string;
  readonly variables?: string;
  readonly operation?: string;
  readonly json?: true;
}

/** What was asked for cannot be looked at. */
class NothingToExplain extends Error {}

export function explainCommand(program: Command, world: CommandWorld): void {
  program
    .command('explain')
    .description('say how an operation is answered: plan, subgraph requests, cost, and what its caller needs')
    .argument('[query]', 'the operation')
    .option('--file <file>', 'the file that holds the operation, in place of the argument')
    .option('--operation <name>', 'which one, where there are several')
    .option('--variables <json>', 'a JSON object: they decide @skip and @include, and the length of lists')
    .addOption(new Option('--published', 'on the version that is served, in place of the files').conflicts('config'))
    .addOption(new Option('--registry <url>', 'on the version that the stack at this URL serves').conflicts('config'))
    .option('--config <file>', 'the supergraph configuration; SUPERGRAPH_CONFIG or supergraph.yaml unless told')
    .option('--json', 'one JSON object instead of text')
    .addHelpText('after', HELP)
    .action(async (query: string | undefined, flags: Flags) => {
      const { file, document } = await readDocument(query, flags);
      const explained = await explain(world, flags, document, file);
      await tell(explained, document, flags, world);
      process.exitCode = explained.kind === 'explained' ? ExitCode.Ok : ExitCode.Findings;
    });
}

/** What findings call an operation that is in no file. */
const ARGUMENT = '<query>';

async function readDocument(query: string | undefined, { file }: Flags): Promise<{ file: string; document: string }> {
  if ((query === undefined) === (file === undefined))
    throw new NothingToExplain("Give one operation: stack explain '{ … }', or --file with the file that holds it.");
  if (file === undefined) return { file: ARGUMENT, document: query! };
  try {
    return { file: resolve(file), document: await readFile(file, 'utf8') };
  } catch (error) {
    throw new NothingToExplain(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

async function explain(world: CommandWorld, flags: Flags, document: string, file: string): Promise<Explained> {
  const variables = readVariables(flags.variables);
  const { sdl } = await chosenSupergraph(world, flags);
  const log = openLog(world.settings().logLevel);
  const threads = startPlannerThreads({ size: 1, log });
  try {
    return await progressTo(world.complain).step('planning', async () => {
      const planner = await threads.load(sdl);
      const operationName = flags.operation ?? null;
      return explainOperation({ supergraphSdl: sdl, planner, document, file, operationName, variables });
    });
  } finally {
    await threads.close();
  }
}

function readVariables(text: string | undefined): Readonly<Record<string, unknown>> | null {
  if (text === undefined) return null;
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new NothingToExplain(`--variables is not JSON: ${(error as Error).message}.`);
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read))
    throw new NothingToExplain('--variables must be a JSON object, such as { "first": 50 }.');
  return read as Readonly<Record<string, unknown>>;
}

async function tell(
  explained: Explained,
  document: string,
  { json }: Flags,
  { root, colours, print }: CommandWorld,
): Promise<void> {
  if (json) print(`${asJson(asData(explained, root))}\n`);
  else if (explained.kind === 'explained') print(explanationAsText(explained, picocolors.createColors(colours).bold));
  else
    print(await tellFindings('text', explained.findings, { colours, root, readFile: () => Promise.resolve(document) }));
}

function asData(explained: Explained, root: string): object {
  if (explained.kind === 'invalid') return { ok: false, findings: findingsAsData(explained.findings, root) };
  const { operation, size, cost, requirements, overrideLabels, plan }: Explanation = explained;
  return { ok: true, operation, ...size, cost, requirements, overrideLabels, plan };
}
