import { setTimeout as wait } from 'node:timers/promises';
import { connectionsOf } from '../clients/connections-of.js';
import type { Published } from '../graph/serve-subgraphs.js';
import type { Options } from '../options.js';
import { SCENARIOS, type ScenarioName } from '../scenarios.js';
import { openStreamingBed, type Identities, type StreamingBed } from './streaming-bed.js';

export interface Figures {
  readonly subscriptions: number;
  /** What the gateway has at the subgraph for them. */
  readonly upstreams: number;
  /** Of the gateway, in MB: before the first subscription, with all of them idle, and the most there was while events came. */
  readonly emptyMb: number;
  readonly idleMb: number;
  readonly mostMb: number;
  /** While nothing happens: heart-beats, and callers' tokens that are looked at. */
  readonly idleCpuMsPerSecond: number;
  /** From the moment an event was published: over all clients and events. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Until the last client had it: of the slowest event. */
  readonly lastMs: number;
  readonly cpuMsPerDelivery: number;
}

export type Wanted = Pick<Options, 'subscriptions' | 'events' | 'idleMs'>;

/** Until everybody has an event, which is far beyond what is promised. */
const ARRIVES_WITHIN_MS = 60_000;
/** How long everybody may take to have an event of the warm-up; that all have the same one shows that all have subscribed. */
const WARM_UP_WITHIN_MS = [2_000, 5_000, 10_000, 30_000, 60_000];

/** Rejects when a subscription ends, or does not get an event. */
export async function measureScenario(
  name: ScenarioName,
  wanted: Wanted,
  identities: Identities,
  report: (line: string) => void,
): Promise<Figures> {
  const bed = await openStreamingBed(identities);
  try {
    return await measureOn(bed, name, wanted, identities, report);
  } finally {
    await bed.close();
  }
}

async function measureOn(
  bed: StreamingBed,
  name: ScenarioName,
  { subscriptions, events, idleMs }: Wanted,
  { tokens }: Identities,
  report: (line: string) => void,
): Promise<Figures> {
  const { callers, query } = SCENARIOS[name];
  const empty = await bed.usage();
  report(`${name}: subscribing ${subscriptions} times …`);
  const connections = connectionsOf(subscriptions, callers === 'one' ? tokens.slice(0, 1) : tokens);
  await bed.clients({ kind: 'subscribe', url: bed.url, query, connections });

  let published = 0;
  /** Publishes the next event, and answers how long it took to each that had it within that time. */
  async function delays(withinMs: number): Promise<readonly number[]> {
    const event = ++published;
    const arrived = bed.clients<readonly number[]>({ kind: 'arrivals', event, count: subscriptions, withinMs });
    const [{ atMs }, times] = await Promise.all([
      bed.subgraphs<Published>({ kind: 'publish', number: event }),
      arrived,
    ]);
    return times.map((time) => time - atMs);
  }

  let had = 0;
  for (const withinMs of WARM_UP_WITHIN_MS) if ((had = (await delays(withinMs)).length) === subscriptions) break;
  if (had < subscriptions)
    throw new Error(`only ${had} of ${subscriptions} clients had the last event of the warm-up.`);
  await delays(ARRIVES_WITHIN_MS);
  const upstreams = await bed.subgraphs<number>({ kind: 'count' });

  report(`${name}: idle …`);
  const before = await bed.usage();
  await wait(idleMs);
  const idle = await bed.usage();

  report(`${name}: ${events} events …`);
  const all: number[] = [];
  let [lastMs, mostMb] = [0, idle.rssMb];
  for (let event = 0; event < events; event++) {
    const times = await delays(ARRIVES_WITHIN_MS);
    if (times.length < subscriptions)
      throw new Error(`${subscriptions - times.length} of ${subscriptions} clients did not get an event.`);
    lastMs = Math.max(lastMs, times.at(-1)!);
    mostMb = Math.max(mostMb, (await bed.usage()).rssMb);
    for (const time of times) all.push(time);
  }
  const after = await bed.usage();
  all.sort((one, other) => one - other);
  return {
    subscriptions,
    upstreams,
    emptyMb: empty.rssMb,
    idleMb: idle.rssMb,
    mostMb,
    idleCpuMsPerSecond: ((idle.cpuMs - before.cpuMs) * 1_000) / idleMs,
    p50Ms: all[all.length >> 1]!,
    p99Ms: all[Math.floor(all.length * 0.99)]!,
    lastMs,
    cpuMsPerDelivery: (after.cpuMs - idle.cpuMs) / all.length,
  };
}
