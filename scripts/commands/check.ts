import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { PublishedVersion } from '@inevitable/contract';
import {
  asJson,
  checkCandidate,
  FINDING_FORMATS,
  quotedText,
  readOperationFiles,
  reportAsData,
  reportAsText,
  tellFindings,
  type CheckedSupergraph,
  type CheckReport,
  type FindingFormat,
  type PlanRegressionSeverity,
  type SubgraphText,
} from '@inevitable/toolchain';
import { Option, type Command } from 'commander';
import {
  isFile,
  NothingToCheck,
  publishedSupergraph,
  readBaseFile,
  readBaseRevision,
  readCandidate,
} from '../parts/schema-commands/check-sides.js';
import { daysOfUse } from '../parts/schema-commands/days-of-use.js';
import { openRegistry, type OpenRegistry } from '../parts/schema-commands/open-registry.js';
import { progressTo } from '../parts/progress.js';
import { refuseJsonFormat } from '../parts/schema-commands/refuse-json-format.js';
import type { Settings } from '../settings/settings.js';
import { ExitCode, type CommandWorld } from './command.js';

const HELP = `
What it compares with (--against): "registry", the version that is published; a file, either a supergraph schema or another
supergraph.yaml; or a git revision, for supergraph.yaml and the schemas it names. Where a file and a revision have one
name, the file is meant. Unless told: what is published, and where nothing is, the revision HEAD.

A breaking change is an error where a known operation uses what it changes, or where no operation is known at all; else a
warning. Known are the operations that gateways recorded (with --registry those of that stack, which needs STACK_TOKEN;
else those in the operator's own database, where there is one) and those of --operations: .graphql files, folders of
them, patterns, persisted-query manifests (.json).

A field or type that needs more of its callers than before (@authenticated, @requiresScopes, @policy) is a warning where a
known operation asks for it, and so is one that is open to everybody now.

--json prints one object: { format, passed, verdict, findings, changes, unexplained, access, usage, plans }. Its fields
are described in toolchain/check/check-report.ts.

Exit code: 0 nothing breaks, 1 somebody would break or it does not compose, 2 something could not be read.

Examples:
  stack check                                             supergraph.yaml against what is published, or else HEAD
  stack check --against origin/main --operations 'apps/**/*.graphql'
  stack check --subgraph billing --schema ./schema.graphql --registry https://api.example.com
  stack check --against registry --days 90 --format github`;

interface Flags {
  readonly subgraph?: string;
  readonly schema?: string;
  readonly against?: string;
  readonly operations?: readonly string[];
  readonly days: number;
  readonly config?: string;
  readonly registry?: string;
  readonly format: FindingFormat;
  readonly json?: true;
  readonly planRegressions: PlanRegressionSeverity;
}

export function checkCommand(program: Command, world: CommandWorld): void {
  program
    .command('check')
    .description('whom a change of the schema would break: changes judged by use, and plans that got worse')
    .option(
      '--subgraph <name>',
      'check one subgraph, with the schema of --schema in place of what supergraph.yaml names',
    )
    .option('--schema <file>', 'the schema of --subgraph')
    .option('--against <what>', 'registry, a file or a git revision')
    .option('--operations <path...>', 'operations that clients send: files, folders, patterns')
    .option('--days <n>', 'judge by what was recorded in so many days', daysOfUse, 30)
    .option('--config <file>', 'the supergraph configuration; SUPERGRAPH_CONFIG or supergraph.yaml unless told')
    .option('--registry <url>', 'a running stack, in place of the own database')
    .addOption(
      new Option('--plan-regressions <severity>', 'how bad a plan is that needs more requests, or more in a row')
        .choices(['error', 'warning', 'off'])
        .default('warning'),
    )
    .option('--json', 'one JSON object instead of text')
    .addOption(new Option('--format <format>', 'how the report is told').choices(FINDING_FORMATS).default('text'))
    .addHelpText('after', HELP)
    .action((flags: Flags) => check(flags, world));
}

async function check(flags: Flags, world: CommandWorld): Promise<void> {
  refuseJsonFormat(flags);
  if ((flags.subgraph === undefined) !== (flags.schema === undefined))
    throw new NothingToCheck('--subgraph and --schema belong together: the name of a subgraph, and the file to check.');
  const override =
    flags.subgraph !== undefined && flags.schema !== undefined ? { name: flags.subgraph, file: flags.schema } : null;
  const configPath = flags.config === undefined ? world.settings().supergraphConfig : resolve(flags.config);
  const operations = await readOperationFiles(flags.operations ?? [], process.cwd());

  const open = await openWhereKept(flags, world);
  try {
    const published = (await open?.registry.current()) ?? null;
    const candidate = await readCandidate(configPath, override, isAgainstPublished(flags) ? published : null);
    const base = await baseOf(flags, published, configPath, candidate.subgraphs, world);
    const report = await checkCandidate({
      candidate: candidate.supergraph,
      composition: candidate.composition,
      base,
      usage: { recorded: open?.usage ?? null, days: flags.days, operations },
      planRegressions: flags.planRegressions,
      progress: progressLines(world),
    });
    await tell(report, candidate.subgraphs, flags, world);
    process.exitCode = report.passed ? ExitCode.Ok : ExitCode.Findings;
  } finally {
    await open?.close();
  }
}

/** What teams publish on their own is judged over what is published of the others, whatever the files here say of them. */
const isAgainstPublished = ({ against }: Flags): boolean =>
  against === undefined || (against === 'registry' && !isFile(resolve(against)));

/** Null: neither a stack was named nor is there a database of one, so nothing was published or recorded here. */
async function openWhereKept(flags: Flags, world: CommandWorld): Promise<OpenRegistry | null> {
  const isAsked = flags.registry !== undefined || flags.against === 'registry';
  return isAsked || hasDatabase(world.settings()) ? openRegistry(world, flags.registry) : null;
}

const hasDatabase = ({ databaseUrl, databaseUrls, dataDir }: Settings): boolean =>
  databaseUrl !== undefined || databaseUrls('operations').system !== undefined || existsSync(dataDir);

async function baseOf(
  { against }: Flags,
  published: PublishedVersion | null,
  configPath: string,
  now: readonly SubgraphText[],
  { env }: CommandWorld,
): Promise<CheckedSupergraph> {
  const file = against === undefined || against === 'registry' ? null : resolve(against);
  if (file !== null && isFile(file)) return readBaseFile(file);
  if (file !== null) return readBaseRevision(against!, configPath, now, env);
  if (published) return publishedSupergraph(published);
  if (against === 'registry')
    throw new NothingToCheck('Nothing was published yet: "stack publish" does, and needs no check the first time.');
  return readBaseRevision('HEAD', configPath, now, env);
}

const TOLD_EVERY_MS = 1_000;

/** A line for each second that a step goes on. */
function progressLines({ complain }: CommandWorld): (step: string, done?: number, total?: number) => void {
  const progress = progressTo(complain);
  let last = performance.now();
  return (step, done, total) => {
    if (performance.now() - last < TOLD_EVERY_MS) return;
    last = performance.now();
    const count = (number: number): string => number.toLocaleString('en');
    const how = done === undefined ? ' …' : `: ${count(done)}${total === undefined ? '' : ` of ${count(total)}`}`;
    progress.line(`${step}${how}`);
  };
}

async function tell(
  report: CheckReport,
  subgraphs: readonly SubgraphText[],
  { json, format }: Flags,
  { root, colours, print, complain }: CommandWorld,
): Promise<void> {
  if (json) return print(`${asJson(reportAsData(report, root))}\n`);
  const telling = {
    colours,
    root,
    title: 'stack check',
    readFile: quotedText(subgraphs),
  };
  if (format === 'text') return print(await reportAsText(report, telling));
  print(await tellFindings(format, report.findings, telling));
  if (format === 'markdown') print(`\n${report.verdict}\n`);
  else complain(`${report.verdict}\n`);
}
