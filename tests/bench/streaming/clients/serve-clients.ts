import { answerOrders, reportReady } from '../../processes/as-child.js';
import { Arrivals } from './arrivals.js';
import type { ConnectionListener, ConnectionWanted, OpenConnection } from './connection.js';
import { openEventStream } from './open-event-stream.js';
import { openWebSocket } from './open-web-socket.js';

/** What a parent may ask: to subscribe, when an event arrived, or to leave. */
export type ClientsOrder =
  | {
      readonly kind: 'subscribe';
      readonly url: string;
      readonly query: string;
      readonly connections: readonly ConnectionWanted[];
    }
  | { readonly kind: 'arrivals'; readonly event: number; readonly count: number; readonly withinMs: number }
  | { readonly kind: 'leave' };

/** Connections that are opened at once: fewer than a server keeps waiting to be accepted. */
const AT_ONCE = 100;

const arrivals = new Arrivals();
let broken: string | null = null;
let open: OpenConnection[] = [];

const listener: ConnectionListener = {
  heard: (event) => arrivals.note(event),
  broke: (why) => (broken ??= why),
};

async function subscribe(url: string, query: string, connections: readonly ConnectionWanted[]): Promise<void> {
  const wanted = connections.values();
  async function openOnAndOn(): Promise<void> {
    for (const one of wanted) {
      const openOne = one.transport === 'WebSocket' ? openWebSocket : openEventStream;
      open.push(await openOne(url, query, one, listener));
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, openOnAndOn));
}

answerOrders(async (order: ClientsOrder): Promise<readonly number[] | null> => {
  switch (order.kind) {
    case 'subscribe':
      await subscribe(order.url, order.query, order.connections);
      return null;
    case 'arrivals': {
      const times = await arrivals.of(order.event, order.count, order.withinMs);
      if (broken !== null) throw new Error(broken);
      return times;
    }
    case 'leave':
      for (const connection of open) connection.close();
      open = [];
      return null;
  }
});
reportReady(null);
