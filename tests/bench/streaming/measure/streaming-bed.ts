import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeSupergraph } from '@inevitable/gateway';
import { ISSUER, issueTokens, type IssuedTokens } from '../../gateways/access-tokens.js';
import type { GatewaySetup } from '../../gateways/gateway-setup.js';
import { startProcess, type StartedProcess } from '../../processes/start-process.js';
import { usageOf, type Usage } from '../../processes/usage.js';
import type { ClientsOrder } from '../clients/serve-clients.js';
import { SDL, type SubgraphName } from '../graph/sdl.js';
import type { Published, SubgraphsOrder } from '../graph/serve-subgraphs.js';

/** A gateway, its subgraphs and its clients, each in a process of its own. */
export interface StreamingBed {
  readonly url: string;
  /** Of the gateway. */
  usage(): Promise<Usage>;
  subgraphs<Answer extends Published | number>(order: SubgraphsOrder): Promise<Answer>;
  clients<Answer extends readonly number[] | null>(order: ClientsOrder): Promise<Answer>;
  close(): Promise<void>;
}

export type Identities = IssuedTokens;
export const identities = (count: number): Identities => issueTokens(count);

/** Starts all three. `publicJwk`: of the key that signed the callers' tokens. */
export async function openStreamingBed({ publicJwk }: Identities): Promise<StreamingBed> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-streaming-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const started: StartedProcess<unknown>[] = [];
  async function start<Ready>(module: string, setup: unknown): Promise<StartedProcess<Ready>> {
    const one = await startProcess<Ready>(new URL(module, import.meta.url), setup);
    started.push(one);
    return one;
  }
  const close = async (): Promise<void> => void (await Promise.all(started.map((one) => one.stop())));

  try {
    const subgraphs = await start<Record<SubgraphName, string>>('../graph/serve-subgraphs.js', null);
    const clients = await start('../clients/serve-clients.js', null);
    const supergraphFile = join(folder, 'supergraph.graphql');
    await writeFile(supergraphFile, supergraphOf(subgraphs.ready));
    const setup: GatewaySetup = { supergraphFile, subgraphs: subgraphs.ready, issuer: ISSUER, publicJwk };
    const gateway = await start<string>('../../gateways/ours.js', setup);
    return {
      url: gateway.ready,
      usage: () => usageOf(gateway.pid),
      subgraphs: (order) => subgraphs.ask(order),
      clients: (order) => clients.ask(order),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function supergraphOf(urls: Readonly<Record<SubgraphName, string>>): string {
  const names = Object.keys(SDL) as SubgraphName[];
  const composition = composeSupergraph(names.map((name) => ({ name, sdl: SDL[name], routingUrl: urls[name] })));
  if (composition.kind === 'failed')
    throw new Error(`The subgraphs do not compose: ${JSON.stringify(composition.errors)}`);
  return composition.sdl;
}
