import { createServer } from 'node:net';
import type { SupergraphConfig } from '@inevitable/gateway';
import { SubgraphRefused } from './subgraph-names.js';

/** Where products begin; the stack's own parts are below. */
const FIRST_PORT = 4_001;
const LAST_PORT = 65_535;
/** Of everything in one process, and of the gateway. */
const STACK_PORT = 8_080;

/** The ports of the subgraphs that are on this machine or might be, and the stack's own. */
function portsOf({ subgraphs }: SupergraphConfig): ReadonlyMap<number, string> {
  const ports = [...subgraphs.values()].map(({ name, routingUrl }) => {
    const { port, protocol } = new URL(routingUrl);
    return [Number(port || (protocol === 'https:' ? 443 : 80)), `the subgraph "${name}"`] as const;
  });
  return new Map([[STACK_PORT, 'the stack'], ...ports]);
}

/** The port that was asked for. Throws `SubgraphRefused` where another subgraph has it. */
export function assertPortFree(config: SupergraphConfig, port: number): void {
  const owner = portsOf(config).get(port);
  if (owner !== undefined)
    throw new SubgraphRefused(`Port ${port} is that of ${owner}: give another --port, or leave it out.`);
}

/** The lowest port that no subgraph has, and that nothing on this machine listens on now. */
export async function freePort(
  config: SupergraphConfig,
  isFree: (port: number) => Promise<boolean> = isFreeHere,
): Promise<number> {
  const taken = portsOf(config);
  for (let port = FIRST_PORT; port <= LAST_PORT; port += 1) if (!taken.has(port) && (await isFree(port))) return port;
  throw new SubgraphRefused('Every port is taken: give one with --port.');
}

const isFreeHere = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
