import { fixed, textTable } from '../../report/text-table.js';
import type { Figures } from '../measure/measure-scenario.js';
import type { ScenarioName } from '../scenarios.js';

export type FiguresByScenario = Partial<Record<ScenarioName, Figures>>;

/** What is promised of one process with 10,000 subscriptions: while they are idle, and of one event to all of them. */
const MOST_MB = 1_024;
const MOST_MS = 2_000;

const HEADER = [
  'subscriptions',
  'upstreams',
  'RSS MB empty',
  'idle',
  'most',
  'KB each',
  'CPU ms/s idle',
  'CPU ms/event',
  'p50 ms',
  'p99 ms',
  'last ms',
];

export function streamingReport(figures: FiguresByScenario): string {
  const all = Object.entries(figures) as [ScenarioName, Figures][];
  const table = textTable(['', ...HEADER], all.map(row));
  const verdicts = all.flatMap(([name, of]) => [memoryVerdict(name, of), delayVerdict(name, of)]);
  return `\n${table}\n${verdicts.join('\n')}\n`;
}

const row = ([name, of]: [ScenarioName, Figures]): string[] => [
  name,
  String(of.subscriptions),
  String(of.upstreams),
  fixed(of.emptyMb, 0),
  fixed(of.idleMb, 0),
  fixed(of.mostMb, 0),
  fixed(((of.idleMb - of.emptyMb) * 1_024) / of.subscriptions, 1),
  fixed(of.idleCpuMsPerSecond, 0),
  fixed(of.cpuMsPerDelivery, 4),
  fixed(of.p50Ms, 0),
  fixed(of.p99Ms, 0),
  fixed(of.lastMs, 0),
];

const memoryVerdict = (name: ScenarioName, { subscriptions, idleMb }: Figures): string =>
  verdict(
    idleMb < MOST_MB,
    `${name}: ${subscriptions} idle subscriptions take ${fixed(idleMb, 0)} MB; 10000 under ${MOST_MB} MB are promised`,
  );

const delayVerdict = (name: ScenarioName, { subscriptions, lastMs }: Figures): string =>
  verdict(
    lastMs < MOST_MS,
    `${name}: the last of ${subscriptions} had the slowest event after ${fixed(lastMs, 0)} ms; 10000 within ${MOST_MS} ms are promised`,
  );

const verdict = (isReached: boolean, what: string): string => `${isReached ? 'yes' : 'NO '}  ${what}`;
