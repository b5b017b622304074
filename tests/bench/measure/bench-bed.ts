import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ISSUER, issueTokens } from '../gateways/access-tokens.js';
import { versionOf, type GatewayName } from '../gateways/gateway-names.js';
import type { GatewaySetup } from '../gateways/gateway-setup.js';
import { compose } from '../graph/compose.js';
import type { LoadOrder, LoadResult } from '../load/load-order.js';
import { startProcess, type StartedProcess } from '../processes/start-process.js';

/** As many identities as a run may use. */
export const IDENTITIES = 10_000;

/** Of tokens that are good for 15 minutes; no load lasts for more than half of it. */
const RENEW_AFTER_MS = 7 * 60_000;

/** A gateway that runs, in a process of its own. */
export interface GatewayUnderTest {
  readonly name: GatewayName;
  readonly version: string;
  readonly pid: number;
  readonly url: string;
}

/** Everything that runs during a benchmark, each in its own process: the subgraphs, the load, the gateways. */
export interface BenchBed {
  readonly gateways: readonly GatewayUnderTest[];
  /** The token of one identity, for requests outside a load. */
  readonly token: string;
  load(order: LoadOrder): Promise<LoadResult>;
  /** How many requests the subgraphs answered until now. */
  subgraphRequests(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Starts it all. A gateway that cannot be had on this machine is left out, and `report` gets the sentence that says so.
 * A name may be given twice: that is two processes.
 */
export async function openBenchBed(names: readonly GatewayName[], report: (line: string) => void): Promise<BenchBed> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const started: StartedProcess<unknown>[] = [];
  async function start<Ready>(module: string, setup: unknown): Promise<StartedProcess<Ready>> {
    const one = await startProcess<Ready>(new URL(`../${module}.js`, import.meta.url), setup);
    started.push(one);
    return one;
  }
  async function close(): Promise<void> {
    await Promise.all(started.map((one) => one.stop()));
  }

  try {
    const { publicJwk, again, ...issued } = issueTokens(IDENTITIES);
    let { tokens } = issued;
    let issuedAt = Date.now();
    const tokensFile = join(folder, 'tokens.json');
    const writeTokens = () => writeFile(tokensFile, JSON.stringify(tokens), { mode: 0o600 });
    await writeTokens();
    const load = await start('load/generate-load', { tokensFile });
    const subgraphs = await start<Record<string, string>>('graph/serve-subgraphs', null);
    const supergraphFile = join(folder, 'supergraph.graphql');
    await writeFile(supergraphFile, compose(subgraphs.ready));

    const setup: GatewaySetup = { supergraphFile, subgraphs: subgraphs.ready, issuer: ISSUER, publicJwk };
    const startGateway = async (name: GatewayName): Promise<GatewayUnderTest[]> => {
      try {
        const { pid, ready: url } = await start<string>(`gateways/${name}`, setup);
        return [{ name, version: await versionOf(name), pid, url }];
      } catch (error) {
        report(`${name} cannot be had here and is left out: ${(error as Error).message}`);
        return [];
      }
    };
    report(`starting ${names.join(', ')} …`);
    const gateways = (await Promise.all(names.map(startGateway))).flat();
    return {
      gateways,
      get token() {
        return tokens[0]!;
      },
      async load(order) {
        if (Date.now() - issuedAt > RENEW_AFTER_MS) {
          issuedAt = Date.now();
          tokens = again();
          await writeTokens();
        }
        return load.ask(order);
      },
      subgraphRequests: () => subgraphs.ask(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
