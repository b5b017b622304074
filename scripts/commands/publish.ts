import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { Conflict, type Publication, type PublishedVersion } from '@inevitable/contract';
import {
  asJson,
  checkCandidate,
  composeSubgraphs,
  countFindings,
  FINDING_FORMATS,
  quotedText,
  reportAsData,
  reportAsText,
  routingFindings,
  tellFindings,
  withoutControls,
  type CheckReport,
  type FindingFormat,
  type SubgraphText,
} from '@inevitable/toolchain';
import { candidateToPublish, folderOf, type CandidateAsked } from '../parts/schema-commands/candidate-to-publish.js';
import { publishedSupergraph } from '../parts/schema-commands/check-sides.js';
import { daysOfUse } from '../parts/schema-commands/days-of-use.js';
import { gitRevision } from '../parts/schema-commands/git-revision.js';
import { openRegistry, type OpenRegistry } from '../parts/schema-commands/open-registry.js';
import { operatorName } from '../parts/schema-commands/operator-name.js';
import { progressTo, type Progress } from '../parts/progress.js';
import { refuseJsonFormat } from '../parts/schema-commands/refuse-json-format.js';
import { ExitCode, type CommandWorld } from './command.js';

const HELP = `
What is published is checked first, as "stack check --against registry" does. Gateways take it over within seconds.
Whatever was published stays in the history: "stack history", "stack diff", "stack rollback".

Whoever is at a subgraph's routing URL receives requests of every tenant. A subgraph that moves to another origin is an error
of the check: --allow-move says that it is meant, and the history keeps it.

Without --registry it writes to the operator's own database, as "stack migrate" does. With --registry it asks a running
stack, as the platform administrator whose access token is in STACK_TOKEN ("stack token").

Exit code: 0 published, or published already; 1 it did not pass the check, or somebody else published meanwhile; 2 it could
not be done.

Examples:
  stack publish                                   all subgraphs of supergraph.yaml
  stack publish --dry-run                         only says what would be done
  stack publish --subgraph planner --schema planner.graphql --registry https://graph.example.com
                                                  one subgraph over the others that are published
  stack publish --allow-move --message "notes has a host of its own"
  stack publish --force --message "the old app is gone since Monday"`;

/** What the registry keeps of a check; the rest is counted. */
const MOST_FINDINGS = 100;
const LONGEST_FINDING = 1_000;

interface Flags {
  readonly config?: string;
  readonly subgraph?: string;
  readonly schema?: string;
  readonly routingUrl?: string;
  readonly message?: string;
  readonly registry?: string;
  readonly days: number;
  readonly force?: true;
  readonly allowMove?: true;
  readonly dryRun?: true;
  readonly json?: true;
  readonly format: FindingFormat;
}

export function publishCommand(program: Command, world: CommandWorld): void {
  program
    .command('publish')
    .description('make a supergraph the one that gateways serve')
    .option('--config <file>', 'the supergraph configuration; SUPERGRAPH_CONFIG or supergraph.yaml unless told')
    .option('--subgraph <name>', 'only this subgraph, over the others that are published; with --schema')
    .option('--schema <file>', "the subgraph's schema")
    .option('--routing-url <url>', 'where gateways reach the subgraph; as published before unless told', httpUrl)
    .option('--message <text>', 'why, for those who read the history')
    .option('--registry <url>', "the stack to publish in; this machine's database unless told")
    .option('--days <number>', 'how far back the use of a change is looked for', daysOfUse, 30)
    .option('--force', 'publish what does not pass the check, and keep what it found')
    .option('--allow-move', 'a subgraph that is reached at another origin is meant: publish it, and keep that it moved')
    .option('--dry-run', 'check, and publish nothing')
    .option('--json', 'one JSON object instead of text')
    .addOption(new Option('--format <format>', 'how findings are told').choices(FINDING_FORMATS).default('text'))
    .addHelpText('after', HELP)
    .action(async (flags: Flags, command: Command) => {
      refuseJsonFormat(flags);
      if ((flags.subgraph === undefined) !== (flags.schema === undefined))
        command.error('error: --subgraph and --schema belong together.');
      if (flags.routingUrl !== undefined && flags.subgraph === undefined)
        command.error('error: --routing-url belongs to --subgraph; supergraph.yaml has those of all subgraphs.');
      const asked: CandidateAsked = {
        config: flags.config === undefined ? world.settings().supergraphConfig : resolve(flags.config),
        one:
          flags.subgraph === undefined
            ? null
            : { name: flags.subgraph, schema: flags.schema!, routingUrl: flags.routingUrl },
      };
      const progress = progressTo(world.complain);
      const opened = await progress.step('opening the registry', () => openRegistry(world, flags.registry));
      try {
        const outcome = await publish(asked, flags, opened, progress, world);
        await tell(outcome, flags, world);
      } finally {
        await opened.close();
      }
    });
}

type Outcome = { readonly current: PublishedVersion | null; readonly subgraphs: readonly SubgraphText[] } & (
  | { readonly kind: 'there already' }
  | { readonly kind: 'refused'; readonly report: CheckReport; readonly composes: boolean }
  | { readonly kind: 'would be published'; readonly report: CheckReport }
  | { readonly kind: 'overtaken'; readonly report: CheckReport; readonly why: string }
  | { readonly kind: 'published'; readonly report: CheckReport; readonly publication: Publication }
);

async function publish(
  asked: CandidateAsked,
  { days, force, allowMove, dryRun, message }: Flags,
  { registry, usage }: OpenRegistry,
  progress: Progress,
  { env }: CommandWorld,
): Promise<Outcome> {
  const current = await registry.current();
  const subgraphs = await candidateToPublish(asked, current);
  const composed = composeSubgraphs(subgraphs);
  const about = { current, subgraphs };
  if (current && composed.kind === 'composed' && isContentOf(current, composed.sdl, subgraphs))
    return { ...about, kind: 'there already' };

  const report = await progress.step('checking what would change', () =>
    checkCandidate({
      candidate: composed.kind === 'composed' ? { supergraphSdl: composed.sdl, subgraphs } : null,
      composition: [
        ...composed.findings,
        ...routingFindings(current?.subgraphs ?? null, subgraphs, { allowMove: allowMove === true }),
      ],
      base: current && publishedSupergraph(current),
      usage: { recorded: usage, days, operations: [] },
    }),
  );
  if (composed.kind === 'failed') return { ...about, kind: 'refused', report, composes: false };
  if (!report.passed && !force) return { ...about, kind: 'refused', report, composes: true };
  if (dryRun) return { ...about, kind: 'would be published', report };
  try {
    const publication = await registry.publish({
      sdl: composed.sdl,
      subgraphs: subgraphs.map(({ name, routingUrl, sdl }) => ({ name, routingUrl, sdl })),
      by: operatorName(),
      gitRevision: await gitRevision(folderOf(asked), env),
      forced: !report.passed,
      findings: passedOver(report),
      reason: message ?? null,
      basedOn: current?.number ?? null,
    });
    return { ...about, kind: 'published', report, publication };
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    return { ...about, kind: 'overtaken', report, why: error.message };
  }
}

function isContentOf({ sdl, subgraphs }: PublishedVersion, candidate: string, texts: readonly SubgraphText[]): boolean {
  const known = new Map(subgraphs.map((subgraph) => [subgraph.name, subgraph]));
  const isSame = ({ name, routingUrl, sdl }: SubgraphText): boolean =>
    known.get(name)?.sdl === sdl && known.get(name)?.routingUrl === routingUrl;
  return sdl === candidate && known.size === texts.length && texts.every(isSame);
}

/** The errors, a sentence or two each. */
function passedOver({ findings }: CheckReport): readonly string[] {
  const errors = findings.filter(({ severity }) => severity === 'error');
  const kept = errors
    .slice(0, MOST_FINDINGS)
    .map(({ code, message }) => withoutBreaks(`${code}: ${message}`).slice(0, LONGEST_FINDING));
  const more = errors.length - kept.length;
  return more > 0 ? [...kept, `And ${more} more.`] : kept;
}

const withoutBreaks = (text: string): string => text.replace(/[\p{Cc}\s]+/gu, ' ').trim();

async function tell(outcome: Outcome, { json, format }: Flags, world: CommandWorld): Promise<void> {
  const { root, colours, print, complain } = world;
  process.exitCode = outcome.kind === 'refused' || outcome.kind === 'overtaken' ? ExitCode.Findings : ExitCode.Ok;
  const sentence = inWords(outcome);
  if (json) return print(`${asJson(asData(outcome, sentence, root))}\n`);
  if (outcome.kind !== 'there already') {
    const telling = {
      colours,
      root,
      title: 'stack publish',
      // A place is looked for below the root, and what was published before has no file there.
      readFile: quotedText(outcome.subgraphs.flatMap((one) => [one, { ...one, file: resolve(root, one.file) }])),
    };
    const { report } = outcome;
    if (format === 'text') print(await reportAsText(report, telling));
    else print(await tellFindings(format, report.findings, telling));
  }
  (format === 'text' || format === 'markdown' ? print : complain)(`${sentence}\n`);
}

/** What became of it, in a sentence or two. */
function inWords(outcome: Outcome): string {
  const { current } = outcome;
  switch (outcome.kind) {
    case 'there already':
      return `Nothing to publish: version ${current!.number} is just this.`;
    case 'refused':
      return !outcome.composes
        ? 'Not published: the subgraphs do not compose.'
        : `Not published: ${countFindings(outcome.report.findings)}. Repair them, or publish with --force, which is kept in the history.`;
    case 'would be published':
      return `It would be published${current ? `, over version ${current.number}` : ' as version 1'}${outcome.report.passed ? '' : ', forced'}.`;
    case 'overtaken':
      return `Not published: ${withoutControls(outcome.why)}`;
    case 'published':
      return `Published version ${outcome.publication.version}${current ? `, over version ${current.number}` : ''}${outcome.publication.forced ? ', forced' : ''}. Gateways take it over within seconds.`;
  }
}

const asData = (outcome: Outcome, sentence: string, root: string): object => ({
  ok: outcome.kind !== 'refused' && outcome.kind !== 'overtaken',
  outcome: outcome.kind,
  message: sentence,
  before: outcome.current?.number ?? null,
  publication: outcome.kind === 'published' ? outcome.publication : null,
  report: outcome.kind === 'there already' ? null : reportAsData(outcome.report, root),
});

function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError('An http or https URL.');
}
