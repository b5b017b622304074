import {
  countOf,
  quantileOf,
  sumOfLatencies,
  type LatencyCounts,
  type OutcomeCounts,
  type PartHealth,
} from '@inevitable/contract';
import { BadUserInput } from '@inevitable/kit';
import type { OperationsContext } from '../context.js';
import type {
  StackFetchHeat,
  StackLatency,
  StackOperation,
  StackOperationOrder,
  StackSubgraph,
  StackTrafficStep,
} from '../generated/resolvers.js';
import {
  addedUp,
  READ_FETCHES,
  READ_GATEWAYS,
  READ_HEALTH_SINCE,
  READ_OPERATIONS,
  READ_PERIOD,
  READ_STEPS,
  READ_SUBGRAPHS,
  type HistogramTexts,
} from './read-traffic.js';

const DEFAULT_MINUTES = 15;
/** As long as hours are kept. */
const MOST_MINUTES = 48 * 60;
/** Longer than that is told in hours: minutes are kept for four. */
const LONGEST_IN_MINUTES = 180;
const DEFAULT_FIRST = 20;
const MOST_FIRST = 100;
const OPERATIONS_OF_HEAT = 10;
const STEP_SECONDS = { minute: 60, hour: 3_600 } as const;

type Database = Pick<OperationsContext['db'], '$queryRawUnsafe'>;
type Span = keyof typeof STEP_SECONDS;

interface Period {
  readonly span: Span;
  readonly from: Date;
  readonly to: Date;
  /** Null: nothing was ever told. */
  readonly knownSince: Date | null;
}
interface Step extends OutcomeCounts, LatencyCounts {
  readonly at: Date;
  readonly lost: number;
}
interface OperationSum {
  readonly signature: string;
  readonly name: string | null;
  readonly count: number;
  readonly errors: number;
  readonly refused: number;
  readonly cost: number;
}
interface SubgraphSum {
  readonly subgraph: string;
  readonly fetches: number;
  readonly failed: number;
  readonly shared: number;
  readonly bytes: number;
}
/** With what was measured of them. */
type Timed<Sum> = Sum & LatencyCounts;
interface FetchSum {
  readonly subgraph: string;
  readonly type: string;
  readonly signature: string;
  readonly fetches: number;
  readonly entities: number;
}

/** What there is, whether it was asked for something or not. */
interface Stack {
  /** Of the supergraph. */
  readonly subgraphs: readonly string[];
  /** How every part is now. */
  readonly parts: readonly PartHealth[];
}

/** Answers the traffic of the last so many minutes. */
export async function readTraffic(
  db: Database,
  minutes: number | null | undefined,
  stack: Stack,
): Promise<StackTrafficRead> {
  const asked = minutes ?? DEFAULT_MINUTES;
  if (asked < 1 || asked > MOST_MINUTES)
    throw new BadUserInput(`minutes is a number from 1 to ${MOST_MINUTES}.`, 'minutes');
  const span: Span = asked > LONGEST_IN_MINUTES ? 'hour' : 'minute';
  const [period] = await db.$queryRawUnsafe<Omit<Period, 'span'>[]>(READ_PERIOD, span, asked);
  const read = new StackTrafficRead(db, stack, { span, ...period! });
  await read.open();
  return read;
}

/** What a query asks of it is read once, under however many names it asks. */
export class StackTrafficRead {
  readonly from: Date;
  readonly to: Date;
  readonly knownSince: Date | null;
  readonly stepSeconds: number;
  gateways = 0;
  readonly #db: Database;
  readonly #stack: Stack;
  readonly #span: Span;
  #steps: readonly Step[] = [];
  #operations: Promise<readonly Timed<OperationSum>[]> | null = null;

  constructor(db: Database, stack: Stack, { span, from, to, knownSince }: Period) {
    this.#db = db;
    this.#stack = stack;
    this.#span = span;
    this.from = from;
    this.to = to;
    this.knownSince = knownSince;
    this.stepSeconds = STEP_SECONDS[span];
  }

  async open(): Promise<void> {
    const [steps, gateways] = await Promise.all([
      this.#rows<Step>(READ_STEPS),
      this.#db.$queryRawUnsafe<{ gateways: number }[]>(READ_GATEWAYS, this.from.toISOString()),
    ]);
    this.#steps = steps;
    this.gateways = gateways[0]!.gateways;
  }

  get outcomes(): OutcomeCounts {
    return outcomesOf(this.#steps);
  }

  get requests(): number {
    return requestsIn(this.outcomes);
  }

  get lost(): number {
    return this.#steps.reduce((sum, { lost }) => sum + lost, 0);
  }

  get errorRate(): number {
    return errorRateOf(this.outcomes);
  }

  get perSecond(): number {
    return this.requests / this.#seconds;
  }

  get latency(): StackLatency {
    return latencyOf(sumOfLatencies(this.#steps));
  }

  get series(): StackTrafficStep[] {
    return this.#steps.map((step) => ({
      at: step.at,
      requests: requestsIn(step),
      errorRate: errorRateOf(step),
      latency: latencyOf(step),
    }));
  }

  async operations(by: StackOperationOrder | null | undefined, first: number | null | undefined) {
    const most = firstOf(first);
    const all = (await this.#allOperations()).filter(({ signature }) => signature !== '');
    const weight = WEIGHTS[by ?? 'COUNT'];
    const weighed = all.map((operation) => ({ operation, weight: weight(operation) }));
    return weighed
      .filter((one) => one.weight > 0)
      .toSorted((a, b) => b.weight - a.weight || (a.operation.signature < b.operation.signature ? -1 : 1))
      .slice(0, most)
      .map(({ operation }) => this.#told(operation));
  }

  async otherOperations(): Promise<StackOperation | null> {
    const others = (await this.#allOperations()).find(({ signature }) => signature === '');
    return others ? this.#told(others) : null;
  }

  async subgraphs(): Promise<StackSubgraph[]> {
    const { subgraphs: names, parts } = this.#stack;
    const [sums, seen] = await Promise.all([
      this.#rows<SubgraphSum & HistogramTexts>(READ_SUBGRAPHS).then((rows) => rows.map(addedUp)),
      this.#db.$queryRawUnsafe<{ part: string; ready: boolean; since: Date }[]>(READ_HEALTH_SINCE, names),
    ]);
    const total = sums.reduce((sum, { fetches }) => sum + fetches, 0);
    const all = [...new Set([...names.toSorted(), ...sums.map(({ subgraph }) => subgraph).sort()])];
    return all.map((name) => {
      const sum = sums.find(({ subgraph }) => subgraph === name) ?? { ...NO_FETCHES, subgraph: name };
      const { fetches, failed, shared, bytes } = sum;
      const part = parts.find((one) => one.name === name);
      const last = seen.find((one) => one.part === name);
      return {
        name,
        health: part
          ? { ready: part.ready, reason: part.reason, since: last?.ready === part.ready ? last.since : null }
          : null,
        fetches,
        failed,
        errorRate: shareOf(failed, fetches),
        shared,
        share: shareOf(fetches, total),
        perSecond: fetches / this.#seconds,
        bytes,
        latency: latencyOf(sum),
      };
    });
  }

  async fetchHeat(first: number | null | undefined): Promise<StackFetchHeat[]> {
    const most = firstOf(first);
    const [sums, operations] = await Promise.all([this.#rows<FetchSum>(READ_FETCHES), this.#allOperations()]);
    const names = new Map(operations.map(({ signature, name }) => [signature, name]));
    const total = sums.reduce((sum, { fetches }) => sum + fetches, 0);
    const kinds = new Map<string, FetchSum[]>();
    for (const one of sums) {
      const kind = JSON.stringify([one.subgraph, one.type]);
      const known = kinds.get(kind);
      if (known) known.push(one);
      else kinds.set(kind, [one]);
    }
    return [...kinds.values()]
      .map((of) => {
        const { subgraph, type } = of[0]!;
        const fetches = of.reduce((sum, one) => sum + one.fetches, 0);
        return {
          subgraph,
          type: type || null,
          fetches,
          entities: of.reduce((sum, one) => sum + one.entities, 0),
          share: shareOf(fetches, total),
          operations: of.slice(0, OPERATIONS_OF_HEAT).map((one) => ({
            signature: one.signature || null,
            name: names.get(one.signature) ?? null,
            fetches: one.fetches,
            entities: one.entities,
          })),
        };
      })
      .toSorted((a, b) => b.fetches - a.fetches)
      .slice(0, most);
  }

  /** Of which something is known: not those before the first gateway told. */
  get #seconds(): number {
    const begin = Math.max(this.from.getTime(), this.knownSince?.getTime() ?? 0);
    return Math.max(1, (this.to.getTime() - begin) / 1_000);
  }

  #allOperations(): Promise<readonly Timed<OperationSum>[]> {
    return (this.#operations ??= this.#rows<OperationSum & HistogramTexts>(READ_OPERATIONS).then((rows) =>
      rows.map(addedUp),
    ));
  }

  #rows<Row>(statement: string): Promise<Row[]> {
    return this.#db.$queryRawUnsafe<Row[]>(statement, this.#span, this.from.toISOString());
  }

  #told({ signature, name, count, errors, refused, cost, ...latencies }: Timed<OperationSum>): StackOperation {
    return {
      signature: signature || null,
      name,
      count,
      errors,
      errorRate: shareOf(errors, count),
      refused,
      share: shareOf(count, this.requests),
      perSecond: count / this.#seconds,
      totalMs: latencies.totalMs,
      averageCost: count > refused ? cost / (count - refused) : null,
      latency: latencyOf(latencies),
    };
  }
}

const NO_FETCHES = { fetches: 0, failed: 0, shared: 0, bytes: 0, totalMs: 0, maxMs: 0, buckets: [], counts: [] };

const WEIGHTS: Readonly<Record<StackOperationOrder, (operation: Timed<OperationSum>) => number>> = {
  COUNT: ({ count }) => count,
  TOTAL_TIME: ({ totalMs }) => totalMs,
  SLOWEST: (operation) => quantileOf(operation, 0.99) ?? 0,
  ERRORS: ({ errors }) => errors,
  REFUSED: ({ refused }) => refused,
};

function latencyOf(latencies: LatencyCounts): StackLatency {
  const count = countOf(latencies);
  return {
    count,
    p50: quantileOf(latencies, 0.5),
    p90: quantileOf(latencies, 0.9),
    p99: quantileOf(latencies, 0.99),
    mean: count > 0 ? latencies.totalMs / count : null,
    max: count > 0 ? latencies.maxMs : null,
  };
}

const outcomesOf = (steps: readonly OutcomeCounts[]): OutcomeCounts => {
  const sum = (outcome: keyof OutcomeCounts): number => steps.reduce((total, step) => total + step[outcome], 0);
  return {
    answered: sum('answered'),
    errors: sum('errors'),
    refused: sum('refused'),
    failed: sum('failed'),
    left: sum('left'),
  };
};

const requestsIn = ({ answered, errors, refused, failed, left }: OutcomeCounts): number =>
  answered + errors + refused + failed + left;

const errorRateOf = (outcomes: OutcomeCounts): number =>
  shareOf(outcomes.errors + outcomes.failed, requestsIn(outcomes));

const shareOf = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);

function firstOf(first: number | null | undefined): number {
  const asked = first ?? DEFAULT_FIRST;
  if (asked < 1 || asked > MOST_FIRST) throw new BadUserInput(`first is a number from 1 to ${MOST_FIRST}.`, 'first');
  return asked;
}
