import type { ConnectionWanted } from './connection.js';

/** As many as the gateway takes on one WebSocket. */
const ON_ONE_SOCKET = 100;
/** Fewer than one address has ports for. */
const FROM_ONE_ADDRESS = 20_000;

/**
 * The connections of so many subscriptions. One token: half of them on shared WebSockets, a quarter on WebSockets of their
 * own, a quarter on event streams. A token each: a WebSocket or an event stream for each, by turns.
 */
export function connectionsOf(subscriptions: number, tokens: readonly string[]): readonly ConnectionWanted[] {
  const connections: ConnectionWanted[] = [];
  let left = tokens.length > 1 ? 0 : subscriptions >> 1;
  const alone = subscriptions - left;
  const add = (transport: ConnectionWanted['transport'], carried: number): void => {
    const number = connections.length;
    const from = `127.0.0.${1 + Math.floor(number / FROM_ONE_ADDRESS)}`;
    connections.push({ transport, subscriptions: carried, token: tokens[number % tokens.length]!, from });
  };
  for (; left > 0; left -= ON_ONE_SOCKET) add('WebSocket', Math.min(left, ON_ONE_SOCKET));
  for (let number = 0; number < alone; number++) add(number % 2 === 0 ? 'WebSocket' : 'event stream', 1);
  return connections;
}
