import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GatewayOptions } from '@inevitable/gateway';
import { supergraphOf } from '../../gateway/test-support/test-subgraphs.js';

const SUPERGRAPH = supergraphOf({ slow: 'type Query { slow(number: Int): String }' });
export const SLOW_QUERY = 'query ($number: Int) { slow(number: $number) }';

/** What may be said in JSON of how a gateway is guarded. */
export type Guards = Pick<GatewayOptions, 'concurrency' | 'shedding' | 'connections'>;

export interface GuardedGateway {
  readonly url: string;
  /** Each of another tenant. */
  readonly tokens: readonly [string, string];
  /** Has it do something else for so long, again and again, or keep its heap as full. Not to be waited for while it is busy. */
  burden(what: { busyMs?: number; heapPercent?: number }): Promise<unknown>;
  residentMegabytes(): Promise<number>;
  /** Null: it runs. */
  exitCode(): number | null;
  stop(): void;
}

function start(file: string, options: object, execArgv: readonly string[] = []): ChildProcess {
  const path = join(process.cwd(), 'tests/support', file);
  return fork(path, [JSON.stringify(options)], {
    execArgv: [...execArgv],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** Starts guarded-gateway.js over slow-subgraph.js, which say what they do. `heapMegabytes`: what V8 lets it have. */
export async function startGuardedGateway(
  { takesMs, atOnce }: { readonly takesMs: number; readonly atOnce: number },
  guards: Guards = {},
  heapMegabytes?: number,
): Promise<GuardedGateway> {
  const subgraph = start('slow-subgraph.js', { takesMs, atOnce });
  const [{ url: routingUrl }] = (await once(subgraph, 'message')) as [{ url: string }];
  const setup = { sdl: SUPERGRAPH, name: 'slow', routingUrl, options: guards };
  const limit = heapMegabytes === undefined ? [] : [`--max-old-space-size=${heapMegabytes}`];
  const gateway = start('guarded-gateway.js', setup, limit);
  const [{ url, tokens }] = (await once(gateway, 'message')) as [Pick<GuardedGateway, 'url' | 'tokens'>];
  return {
    url,
    tokens,
    burden(what) {
      const done = once(gateway, 'message');
      gateway.send(what);
      return done;
    },
    async residentMegabytes() {
      const status = await readFile(`/proc/${gateway.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1_024;
    },
    exitCode: () => gateway.exitCode,
    stop() {
      gateway.kill('SIGKILL');
      subgraph.kill('SIGKILL');
    },
  };
}

export interface Flood {
  begin(): Promise<void>;
  /** Answers how often which status was answered since it began. */
  end(): Promise<Readonly<Record<string, number>>>;
  stop(): void;
}

/** Starts flood.js, which says what it does. */
export async function startFlood(url: string, token: string, connections: number): Promise<Flood> {
  const child = start('flood.js', { url: `${url}/graphql`, token, query: SLOW_QUERY, connections });
  await once(child, 'message');
  const tell = async (isOn: boolean): Promise<Record<string, number>> => {
    const told = once(child, 'message');
    child.send(isOn);
    const [{ statuses }] = (await told) as [{ statuses: Record<string, number> }];
    return statuses;
  };
  return {
    begin: async () => void (await tell(true)),
    end: () => tell(false),
    stop: () => void child.kill('SIGKILL'),
  };
}
