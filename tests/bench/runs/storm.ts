import type { GatewayName } from '../gateways/gateway-names.js';
import type { LoadOrder, LoadResult } from '../load/load-order.js';
import type { BenchBed, GatewayUnderTest } from '../measure/bench-bed.js';
import { compareAnswers } from '../measure/compare-answers.js';
import { inRounds } from '../measure/in-rounds.js';
import { medianOf } from '../measure/median.js';
import { warmUp } from '../measure/warm-up.js';
import { novelBody, requestBody, type OperationName } from '../operations.js';
import type { Options } from '../options.js';
import { MAIN } from './scenarios.js';

export const HOT_PER_SECOND = 200;
export const NOVEL_PER_SECOND = 50;
/** Of a harder storm before the first round: planning and what comes with it has to be warm too, which takes V8 a thousand plans. */
const STORM_WARM_UP_MS = 8_000;
const WARM_UP_NOVEL_PER_SECOND = 150;

/** How long hot operations take with and without novel ones beside them. */
interface StormRound {
  readonly quietP50Ms: number;
  readonly quietP99Ms: number;
  readonly stormP50Ms: number;
  readonly stormP99Ms: number;
  /** Of the novel operations themselves. */
  readonly novelP99Ms: number;
}

/** Of one gateway: the medians of all rounds. */
export interface StormFigures extends StormRound {
  readonly version: string;
}

export type StormTable = Partial<Record<OperationName, Partial<Record<GatewayName, StormFigures>>>>;

/** The same rate of hot operations for everyone, with quiet and storm in turn. */
export async function measureStorm(
  bed: BenchBed,
  { operations, seconds, rounds, connections, warmUpMs }: Options,
  report: (line: string) => void,
): Promise<StormTable> {
  const loadOf = gatewayLoads(bed);
  const table: StormTable = {};
  for (const operation of operations) {
    report(`${operation}: comparing answers …`);
    const bodies = Array.from({ length: MAIN.seeds }, (_, seed) => requestBody(operation, seed));
    const gateways = await compareAnswers(bed, bodies, report);

    report(`${operation}: ${HOT_PER_SECOND}/s, alone and with ${NOVEL_PER_SECOND} novel operations/s …`);
    const measured = await inRounds<GatewayUnderTest, StormRound>(
      {
        gateways,
        rounds,
        async warmUp(gateway) {
          const { order, storm } = loadOf(gateway, bodies);
          await warmUp(bed, gateway, { ...order, pace: { kind: 'closed', connections } }, warmUpMs);
          await storm(STORM_WARM_UP_MS, WARM_UP_NOVEL_PER_SECOND);
        },
        async measure(gateway) {
          const { hot, storm } = loadOf(gateway, bodies);
          const quiet = await hot(seconds * 1_000);
          const stormy = await storm(seconds * 1_000);
          return {
            quietP50Ms: quiet.p50Ms,
            quietP99Ms: quiet.p99Ms,
            stormP50Ms: stormy.hot.p50Ms,
            stormP99Ms: stormy.hot.p99Ms,
            novelP99Ms: stormy.novel.p99Ms,
          };
        },
      },
      report,
    );
    table[operation] = Object.fromEntries(
      gateways.flatMap(({ name, version }) => {
        const all = measured.get(name);
        return all ? [[name, { version, ...medianOf(all) }]] : [];
      }),
    );
  }
  return table;
}

/** What can be sent to a gateway. A novel operation is sent once in a whole run: no gateway and no subgraph knows it. */
function gatewayLoads(bed: BenchBed) {
  let novelSent = 0;

  async function load(order: LoadOrder): Promise<LoadResult> {
    const result = await bed.load(order);
    if (result.failed > 0) throw new Error(`${result.failed} requests failed, the first with ${result.failure}`);
    return result;
  }

  return ({ url }: GatewayUnderTest, bodies: readonly string[]) => {
    const order: LoadOrder = {
      urls: [url],
      bodies,
      tokens: MAIN.tokens,
      answerBytes: null,
      pace: { kind: 'open', perSecond: HOT_PER_SECOND },
      durationMs: 0,
    };
    const hot = (durationMs: number) => load({ ...order, durationMs });
    return {
      order,
      hot,
      async storm(durationMs: number, novelPerSecond = NOVEL_PER_SECOND) {
        const usual = (durationMs * novelPerSecond) / 1_000;
        const count = Math.ceil(usual + 6 * Math.sqrt(usual)); // more than arrive: none is to be sent twice
        const novel: LoadOrder = {
          ...order,
          bodies: Array.from({ length: count }, () => novelBody(novelSent++)),
          pace: { kind: 'open', perSecond: novelPerSecond },
          durationMs,
        };
        const [ofHot, ofNovel] = await Promise.all([hot(durationMs), load(novel)]);
        return { hot: ofHot, novel: ofNovel };
      },
    };
  };
}
