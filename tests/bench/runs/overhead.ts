import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ISSUER, issueTokens } from '../gateways/access-tokens.js';
import type { GatewaySetup } from '../gateways/gateway-setup.js';
import type { BothUrls } from '../gateways/serve-both.js';
import { compose } from '../graph/compose.js';
import { median } from '../measure/median.js';
import type { Options } from '../options.js';
import { startProcess, type StartedProcess } from '../processes/start-process.js';
import { meanEstimate, medianEstimate, mean, type Estimate } from '../recording/measure/estimate.js';
import { shuffled } from '../recording/measure/shuffled.js';
import { byMode, MODES, type Mode } from '../recording/modes.js';
import type { SendOrder, Sending } from '../recording/processes/send-requests.js';
import { OVERHEAD_TENANTS } from './scenarios.js';

export interface OverheadFigures {
  readonly pairs: number;
  readonly requestsPerBlock: number;
  /** Microseconds for each request of the median block. */
  readonly cpuUs: Readonly<Record<Mode, number>>;
  /** By how much more CPU a protected block takes than the one beside it: the median pair. A part, 0 for nothing. */
  readonly cost: Estimate;
  /** The same of all blocks together: less exact, and with everything in it that is rare, such as garbage collections. */
  readonly costOfAll: Estimate;
}

type Pair = Readonly<Record<Mode, number>>;

/**
 * The operation `single` through ours as it is deployed and ours bare, in blocks of a few milliseconds, in pairs: so
 * short that whatever else the machine does disturbs both. Each token is of a tenant of its own.
 */
export async function measureOverhead(
  { seconds, warmUpMs, connections }: Options,
  report: (line: string) => void,
): Promise<OverheadFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const started: StartedProcess<unknown>[] = [];
  async function start<Ready>(module: string, setup: unknown): Promise<StartedProcess<Ready>> {
    const one = await startProcess<Ready>(new URL(`../${module}.js`, import.meta.url), setup);
    started.push(one);
    return one;
  }
  try {
    report('starting ours and ours-bare in one process …');
    const { publicJwk, tokens } = issueTokens(OVERHEAD_TENANTS);
    const subgraphs = await start<Record<string, string>>('graph/serve-subgraphs', null);
    const supergraphFile = join(folder, 'supergraph.graphql');
    await writeFile(supergraphFile, compose(subgraphs.ready));
    const setup: GatewaySetup = { supergraphFile, subgraphs: subgraphs.ready, issuer: ISSUER, publicJwk };
    const gateways = await start<BothUrls>('gateways/serve-both', setup);
    const sender = await start<null>('recording/processes/send-requests', null);
    const sending: Sending = { urls: gateways.ready, tokens, documents: 1, clients: 1, connections };
    await sender.ask<null>({ kind: 'open', sending } satisfies SendOrder);

    const pairsFor = async (ms: number): Promise<Pair[]> => {
      const pairs: Pair[] = [];
      for (const began = performance.now(); performance.now() - began < ms;) {
        const pair = byMode(() => 0);
        for (const mode of shuffled(MODES)) {
          const before = await gateways.ask<number>();
          await sender.ask<null>({ kind: 'send', mode } satisfies SendOrder);
          pair[mode] = (await gateways.ask<number>()) - before;
        }
        pairs.push(pair);
      }
      return pairs;
    };
    report('warming up …');
    await pairsFor(2 * warmUpMs);
    report(`measuring for ${seconds} s …`);
    const pairs = await pairsFor(seconds * 1_000);
    const offMs = mean(pairs.map(({ off }) => off));
    return {
      pairs: pairs.length,
      requestsPerBlock: connections,
      cpuUs: byMode((mode) => (median(pairs.map((pair) => pair[mode])) * 1_000) / connections),
      cost: medianEstimate(pairs.map(({ off, on }) => on / off - 1)),
      costOfAll: meanEstimate(pairs.map(({ off, on }) => (on - off) / offMs)),
    };
  } finally {
    await Promise.all(started.map((one) => one.stop()));
  }
}
