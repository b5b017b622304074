import { asJson, withoutControls } from '@inevitable/toolchain';
import { InvalidArgumentError, type Command } from 'commander';
import { askStatus, StatusUnavailable, type ToldStatus } from '../parts/ask-status.js';
import { ExitCode, type CommandWorld } from './command.js';

const HELP = `
It asks a stack that is up, as the platform administrator whose access token STACK_TOKEN is. Milliseconds are at most 4.5 % off.

Exit code: 0 every part is ready, 1 one is not, 2 it could not be asked.

Examples:
  STACK_TOKEN=$(npx --no-install stack token --user root) npx --no-install stack status
  stack status --minutes 120 --first 20
  stack status --url https://graph.example.com --json`;

const DEFAULT_PORT = 8_080;

interface Flags {
  readonly url?: string;
  readonly minutes: number;
  readonly first: number;
  readonly json?: true;
}

export function statusCommand(program: Command, world: CommandWorld): void {
  program
    .command('status')
    .description('how a running stack is: its parts, its traffic, and its slow and failing operations')
    .option('--url <url>', 'where clients reach the stack; this machine unless told')
    .option('--minutes <number>', 'how far back the traffic is looked at, 1 to 2880', wholeUpTo(2_880), 15)
    .option('--first <number>', 'how many operations of each kind, 1 to 100', wholeUpTo(100), 5)
    .option('--json', 'one JSON object instead of text')
    .addHelpText('after', HELP)
    .action(async ({ url, minutes, first, json }: Flags) => {
      const { token, port = DEFAULT_PORT } = world.settings();
      if (token === undefined)
        throw new StatusUnavailable(
          'This needs STACK_TOKEN: an access token of a platform administrator, as "stack token --user <login>" prints it.',
        );
      const status = await askStatus(url ?? `http://127.0.0.1:${port}`, token, minutes, first);
      process.exitCode = status.ready ? ExitCode.Ok : ExitCode.Findings;
      world.print(json ? `${asJson(status)}\n` : asText(status, minutes));
    });
}

const wholeUpTo =
  (most: number) =>
  (text: string): number => {
    const number = Number(text);
    if (Number.isInteger(number) && number >= 1 && number <= most) return number;
    throw new InvalidArgumentError(`A whole number from 1 to ${most}.`);
  };

function asText({ ready, parts, jobs, traffic }: ToldStatus, minutes: number): string {
  const waiting = parts.filter((part) => !part.ready);
  const lines = [
    ready ? `ready: ${parts.length} parts` : 'not ready',
    ...waiting.map(({ name, reason }) => `  ${name}: ${reason ?? 'not ready'}`),
    `jobs: ${jobs.waiting} waiting, ${jobs.running} running, ${jobs.failed} given up`,
    ...(traffic ? trafficLines(traffic, minutes) : ['traffic: it could not be read']),
  ];
  return `${withoutControls(lines.join('\n'))}\n`;
}

function trafficLines(traffic: NonNullable<ToldStatus['traffic']>, minutes: number): string[] {
  const { requests, perSecond, errorRate, latency, gateways, lost, most, slow, failing, subgraphs, fetchHeat } =
    traffic;
  const operationsOf = (title: string, list: typeof most): string[] =>
    section(
      title,
      list.map(({ name, signature, count, errors, share, latency: ofIt }) => [
        name ?? signature?.slice(0, 12) ?? 'others',
        `${count} (${percent(share)})`,
        `${errors} with errors`,
        timesOf(ofIt),
      ]),
    );
  return [
    `last ${minutes} minutes, of ${gateways} ${gateways === 1 ? 'gateway' : 'gateways'}: ${requests} requests, ${perSecond.toFixed(1)} a second, ${percent(errorRate)} with errors, ${timesOf(latency)}`,
    ...(lost > 0 ? [`  ${lost} more requests are in no count`] : []),
    ...operationsOf('most sent', most),
    ...operationsOf('slowest', slow),
    ...operationsOf('failing', failing),
    ...section(
      'subgraphs',
      subgraphs.map(({ name, fetches, failed, share, latency: ofIt }) => [
        name,
        `${fetches} fetches (${percent(share)})`,
        `${failed} failed`,
        timesOf(ofIt),
      ]),
    ),
    ...section(
      'fetched most',
      fetchHeat.map(({ subgraph, type, fetches, entities, share }) => [
        `${subgraph} ${type ?? '(root fields)'}`,
        `${fetches} fetches (${percent(share)})`,
        `${entities} entities`,
      ]),
    ),
  ];
}

/** Columns below each other. Empty where there are no rows. */
function section(title: string, rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const padded = rows.map((row) => `  ${row.map((text, column) => text.padEnd(widths[column]!)).join('  ')}`.trimEnd());
  return ['', title, ...padded];
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const timesOf = ({ p50, p99, max }: { p50: number | null; p99: number | null; max: number | null }): string =>
  p50 === null ? 'not timed' : `p50 ${inMs(p50)}, p99 ${inMs(p99!)}, longest ${inMs(max!)}`;

const inMs = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
