import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface TickingSubgraph {
  /** Both of its subgraphs. */
  readonly url: string;
  /** From now on all events up to this one are there. Resolves when every subscription has been told to go on. */
  publish(number: number): Promise<void>;
  /** How many subscriptions it has now. */
  subscriptions(): Promise<number>;
  /** Without a word to anybody; resolves when it is gone. */
  kill(): Promise<void>;
}

interface TickingSubgraphOptions {
  /** Of `Subscription`. */
  readonly field?: string;
  /** What its events and labels say where they are from. */
  readonly from?: string;
  /** Characters that make an event longer, in its field `pad`, where that is asked for. */
  readonly padding?: number;
}

/** Starts tick-subgraph.js, which says what it does. */
export async function startTickingSubgraph({
  field = 'tick',
  from = 'here',
  padding = 0,
}: TickingSubgraphOptions = {}): Promise<TickingSubgraph> {
  const child = fork(
    join(process.cwd(), 'tests/support/tick-subgraph.js'),
    [JSON.stringify({ field, from, padding })],
    {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
  const [{ port }] = (await once(child, 'message')) as [{ readonly port: number }];
  const waiting = new Map<number, (subscriptions: number) => void>();
  child.on('message', ({ id, subscriptions }: { id: number; subscriptions: number }) => {
    waiting.get(id)!(subscriptions);
    waiting.delete(id);
  });
  let orders = 0;
  const ask = (order: { readonly publish?: number }): Promise<number> =>
    new Promise((resolve) => {
      const id = ++orders;
      waiting.set(id, resolve);
      child.send({ id, order });
    });
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    publish: async (number) => void (await ask({ publish: number })),
    subscriptions: () => ask({}),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
