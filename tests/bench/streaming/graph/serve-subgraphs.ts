import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { GraphQLSchema, parse } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { answerOrders, reportReady } from '../../processes/as-child.js';
import { machineTimeMs } from '../clock.js';
import type { SubgraphName } from './sdl.js';
import { Ticks } from './ticks.js';

/** What a parent may ask: to publish the next event, or how many subscriptions there are. */
export type SubgraphsOrder = { readonly kind: 'publish'; readonly number: number } | { readonly kind: 'count' };

/** When an event was published. */
export interface Published {
  readonly atMs: number;
}

const ticks = new Ticks();

/** Its answers are made without looking at the operation, so that the gateway is what is measured. */
const ticksServer = createServer((_request, response) => response.writeHead(404).end());
useServer(
  {
    onSubscribe: () => ({ document: parse('subscription { tick }'), schema: new GraphQLSchema({}) }),
    subscribe: () => ticks.listen(),
  },
  new WebSocketServer({ server: ticksServer }),
);

const labelsServer = createServer((request, response) => {
  void answerEntities(request).then((body) => response.setHeader('content-type', 'application/json').end(body));
});

async function answerEntities(request: IncomingMessage): Promise<string> {
  const { variables } = (await json(request)) as { variables: { representations: readonly { id: string }[] } };
  const _entities = variables.representations.map(({ id }) => ({ label: `tick ${id}` }));
  return JSON.stringify({ data: { _entities } });
}

async function listen(server: Server): Promise<string> {
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

answerOrders(async (order: SubgraphsOrder): Promise<Published | number> => {
  if (order.kind === 'count') return ticks.listeners;
  const atMs = machineTimeMs();
  ticks.publish(order.number);
  return { atMs };
});
reportReady({ ticks: await listen(ticksServer), labels: await listen(labelsServer) } satisfies Record<
  SubgraphName,
  string
>);
