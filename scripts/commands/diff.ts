import { resolve } from 'node:path';
import type { Command } from 'commander';
import { NotFound, type SchemaRegistry } from '@inevitable/contract';
import {
  asJson,
  compareVersions,
  comparisonAsText,
  composeSubgraphs,
  findingsAsData,
  readSubgraphs,
  readSupergraphConfig,
  tellFindings,
  unifiedDiff,
  withoutControls,
  type ComparedVersion,
  type Finding,
} from '@inevitable/toolchain';
import { NothingPublished } from '../parts/schema-commands/chosen-supergraph.js';
import { openRegistry } from '../parts/schema-commands/open-registry.js';
import { progressTo } from '../parts/progress.js';
import { versionNumber } from '../parts/schema-commands/version-number.js';
import { ExitCode, type CommandWorld } from './command.js';

const HELP = `
Two versions; or one version and the one that is served; or, without any, the one that is served and what supergraph.yaml
composes to. It judges by the schemas alone: "stack check" says who would notice.

Exit code: 0 told, whether they differ or not; 1 supergraph.yaml does not compose; 2 something could not be read.

Examples:
  stack diff 11 12
  stack diff 11                                   from version 11 to the one that is served
  stack diff                                      what "stack publish" would change
  stack diff 11 12 --subgraph planner             the text of one subgraph's schema, line by line`;

interface Flags {
  readonly config?: string;
  readonly subgraph?: string;
  readonly registry?: string;
  readonly json?: true;
}

/** A side, as people call it. */
interface Side extends ComparedVersion {
  readonly name: string;
  /** Null: it is not published. */
  readonly number: number | null;
}

export function diffCommand(program: Command, world: CommandWorld): void {
  program
    .command('diff')
    .description('what changed between two versions of the supergraph')
    .argument('[from]', 'a version; the one that is served unless told', versionNumber)
    .argument('[to]', 'a version; the one that is served unless told', versionNumber)
    .option('--subgraph <name>', "the text of this subgraph's schema")
    .option('--config <file>', 'the supergraph configuration; SUPERGRAPH_CONFIG or supergraph.yaml unless told')
    .option('--registry <url>', "the stack that is asked; this machine's database unless told")
    .option('--json', 'one JSON object instead of text')
    .addHelpText('after', HELP)
    .action(async (from: number | undefined, to: number | undefined, flags: Flags) => {
      const { step } = progressTo(world.complain);
      const { registry, close } = await step('opening the registry', () => openRegistry(world, flags.registry));
      try {
        const before = await step('reading the registry', () => publishedSide(registry, from));
        const after = from === undefined ? await composedSide(flags, world) : await publishedSide(registry, to);
        if ('findings' in after) await tellUncomposed(after.findings, flags, world);
        else if (flags.subgraph === undefined) await tellComparison(before, after, flags, world);
        else tellSubgraph(flags.subgraph, before, after, flags, world);
      } finally {
        await close();
      }
    });
}

/** Throws `NothingPublished`, and `NotFound` for a version that does not exist. */
async function publishedSide(registry: SchemaRegistry, number: number | undefined): Promise<Side> {
  const version = number === undefined ? await registry.current() : await registry.version(number);
  if (version) return { ...version, name: `version ${version.number}` };
  if (number === undefined) throw new NothingPublished('Nothing was published yet: "stack publish" does.');
  throw new NotFound(`version ${number} of the supergraph: "stack history" lists those there are`);
}

async function composedSide(
  { config }: Flags,
  { settings }: CommandWorld,
): Promise<Side | { readonly findings: readonly Finding[] }> {
  const path = config === undefined ? settings().supergraphConfig : resolve(config);
  const subgraphs = await readSubgraphs(path, await readSupergraphConfig(path));
  const outcome = composeSubgraphs(subgraphs);
  if (outcome.kind === 'failed') return { findings: outcome.findings };
  return { name: 'supergraph.yaml', number: null, sdl: outcome.sdl, subgraphs };
}

async function tellUncomposed(findings: readonly Finding[], { json }: Flags, world: CommandWorld): Promise<void> {
  process.exitCode = ExitCode.Findings;
  if (json) world.print(`${asJson({ ok: false, findings: findingsAsData(findings, world.root) })}\n`);
  else world.complain(await tellFindings('text', findings, { colours: false, root: world.root }));
}

async function tellComparison(before: Side, after: Side, { json }: Flags, world: CommandWorld): Promise<void> {
  const comparison = await compareVersions(before, after);
  if (json) world.print(`${asJson({ ok: true, from: before.number, to: after.number, ...comparison })}\n`);
  else world.print(`From ${before.name} to ${after.name}:\n${comparisonAsText(comparison, world)}`);
}

function tellSubgraph(name: string, before: Side, after: Side, { json }: Flags, world: CommandWorld): void {
  const [old, now] = [before, after].map(({ subgraphs }) => subgraphs.find((subgraph) => subgraph.name === name)?.sdl);
  if (old === undefined && now === undefined)
    throw new NotFound(`subgraph "${name}" in ${before.name} or ${after.name}`);
  const diff = unifiedDiff(old ?? '', now ?? '');
  if (json)
    return world.print(`${asJson({ ok: true, from: before.number, to: after.number, subgraph: name, diff })}\n`);
  world.print(
    diff === ''
      ? `Nothing differs in ${name}.\n`
      : `--- ${name} (${before.name})\n+++ ${name} (${after.name})\n${withoutControls(diff)}`,
  );
}
