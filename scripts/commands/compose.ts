import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import {
  asJson,
  composeSubgraphs,
  counted,
  countFindings,
  FINDING_FORMATS,
  findingsAsData,
  quotedText,
  readSubgraphs,
  readSupergraphConfig,
  tellFindings,
  type ComposedSubgraphs,
  type FindingFormat,
  type SubgraphText,
} from '@inevitable/toolchain/compose';
import { oneSentence } from '../parts/one-sentence.js';
import { progressTo } from '../parts/progress.js';
import { refuseJsonFormat } from '../parts/schema-commands/refuse-json-format.js';
import { runUntilSignal } from '../parts/run-until-signal.js';
import { watchSupergraph } from '../parts/watch-supergraph.js';
import { writeAtomically } from '../parts/write-atomically.js';
import { ExitCode, type CommandWorld } from './command.js';

const HELP = `
Exit code: 0 composed, 1 the subgraphs do not fit together, 2 a file or a URL could not be read or written. Only what
composes is written: a file that is there stays as it is otherwise.

--watch composes anew whenever supergraph.yaml or a schema file that it names changes, until Ctrl-C (exit code 0).
Without --output it only tells what it finds; with --json it prints one line for each time.

Examples:
  stack compose                                   the supergraph schema on standard output
  stack compose --output supergraph.graphql       written atomically
  stack compose --output supergraph.graphql --watch
  stack compose --config other.yaml --json
  stack compose --format github                   annotations in GitHub Actions, in place of the schema`;

interface Flags {
  readonly config?: string;
  readonly output?: string;
  readonly json?: true;
  readonly format: FindingFormat;
  readonly watch?: true;
}

export function composeCommand(program: Command, world: CommandWorld): void {
  program
    .command('compose')
    .description('compose the subgraphs of supergraph.yaml into one supergraph schema')
    .option('--config <file>', 'the supergraph configuration; SUPERGRAPH_CONFIG or supergraph.yaml unless told')
    .option('--output <file>', 'where to write the schema; standard output unless told')
    .option('--json', 'one JSON object instead of text')
    .addOption(
      new Option('--format <format>', 'how findings are told; but for text on standard output')
        .choices(FINDING_FORMATS)
        .default('text'),
    )
    .option('--watch', 'compose anew with every change, until Ctrl-C')
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      refuseJsonFormat(flags);
      const path = flags.config === undefined ? world.settings().supergraphConfig : resolve(flags.config);
      if (flags.watch) return composeWatching(path, flags, world);
      const subgraphs = await readSubgraphs(path, await readSupergraphConfig(path));
      const outcome = composeTelling(subgraphs, world);
      if (flags.output && outcome.kind === 'composed') await writeAtomically(flags.output, outcome.sdl);
      await tell(outcome, subgraphs, flags, world);
      process.exitCode = outcome.kind === 'composed' ? ExitCode.Ok : ExitCode.Findings;
    });
}

/** From here on composing takes over a second: some 500 types. */
const SLOW_LENGTH = 500_000;

/** Composing leaves no time for a timer, so that it may last is said before. */
function composeTelling(subgraphs: readonly SubgraphText[], world: CommandWorld): ComposedSubgraphs {
  const length = subgraphs.reduce((sum, { sdl }) => sum + sdl.length, 0);
  if (length < SLOW_LENGTH) return composeSubgraphs(subgraphs);
  const progress = progressTo(world.complain);
  const started = performance.now();
  progress.line(`composing ${counted(subgraphs.length, 'subgraph')} …`);
  const outcome = composeSubgraphs(subgraphs);
  progress.line(`composing: done in ${((performance.now() - started) / 1_000).toFixed(1)} s`);
  return outcome;
}

/** Throws what reading supergraph.yaml throws; what becomes unreadable later is told, and waited for. */
async function composeWatching(path: string, flags: Flags, world: CommandWorld): Promise<void> {
  await readSupergraphConfig(path);
  const say = (line: string): void => world.complain(`${line}\n`);
  await runUntilSignal(async (closers) => {
    const close = await watchSupergraph(path, async (look) => {
      if (look.kind === 'unreadable') {
        if (flags.json) world.print(`${asJson({ ok: false, error: look.message })}\n`);
        else say(`stack: ${oneSentence(look.message)}`);
        return;
      }
      if (flags.output && look.kind === 'composed') await writeAtomically(flags.output, look.sdl);
      await tell(look, look.subgraphs, flags, world);
    });
    closers.add('watching', close);
    say(`watching ${path} and the schemas it names; Ctrl-C ends it`);
  }, say);
}

async function tell(
  outcome: ComposedSubgraphs,
  subgraphs: readonly SubgraphText[],
  { output, json, format, watch }: Flags,
  { root, colours, terminal, print, complain }: CommandWorld,
): Promise<void> {
  const { findings } = outcome;
  if (json) {
    const schema = outcome.kind === 'composed' && !output && !watch ? { sdl: outcome.sdl } : {};
    const ok = outcome.kind === 'composed';
    const written = ok && output ? { output } : {};
    print(`${asJson({ ok, findings: findingsAsData(findings, root), ...written, ...schema })}\n`);
    return;
  }
  const told = await tellFindings(format, findings, {
    colours: colours && terminal, // it goes to standard error
    root,
    title: 'stack compose',
    readFile: quotedText(subgraphs),
  });
  if (format !== 'text') print(told);
  else if (outcome.kind === 'composed' && !output && !watch) print(`${outcome.sdl}\n`);
  if (format === 'text') complain(told);
  const kept = output && outcome.kind === 'failed' ? `; ${output} stays as it was` : '';
  if (outcome.kind === 'failed') complain(`The subgraphs do not compose: ${countFindings(findings)}${kept}.\n`);
  else if (output || watch)
    complain(
      `${counted(subgraphs.length, 'subgraph')} ${subgraphs.length === 1 ? 'composes' : 'compose'}${output ? ` into ${output}` : ''}: ${countFindings(findings)}.\n`,
    );
}
