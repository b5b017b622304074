// Plain JavaScript: tests start it as a process of its own, to kill it and to let it flood.
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { GraphQLSchema, parse } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

/**
 * A subgraph whose events are numbers, and one that has a label for each. Its answers are made without executing the
 * operation. Event n is there when the parent has said that n is the newest, and has the id `tick-n`: two of these that
 * are told the same are replicas, and either goes on after what the other told.
 *
 * @type {{ field: string, from: string, padding: number }} the subscription's field; what says in every event and label
 * that it came from here; characters that make an event longer whose `pad` is asked for
 */
const { field, from, padding } = JSON.parse(process.argv[2]);
const pad = 'x'.repeat(padding);
const ONLY_FOR_THE_PROTOCOL = { document: parse('subscription { tick }'), schema: new GraphQLSchema({}) };

let newest = 0;
/** @type {Set<() => void>} */
const waiting = new Set();
let subscriptions = 0;

const eventOf = (number, isLong) => ({
  data: { [field]: { __typename: 'Tick', id: String(number), number, from, ...(isLong && { pad }) } },
  extensions: { eventId: `tick-${number}` },
});

/** @param {number} last the last event that the subscriber has seen */
function listen(last, isLong) {
  let wake = null;
  let hasLeft = false;
  subscriptions++;
  return {
    async next() {
      while (last >= newest && !hasLeft)
        await new Promise((resolve) => {
          wake = resolve;
          waiting.add(resolve);
        });
      return hasLeft ? { done: true, value: undefined } : { done: false, value: eventOf(++last, isLong) };
    },
    async return() {
      if (!hasLeft) subscriptions--;
      hasLeft = true;
      wake?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function publish(number) {
  newest = Math.max(newest, number);
  const all = [...waiting];
  waiting.clear();
  for (const wake of all) wake();
}

const server = createServer((request, response) => {
  void json(request).then(({ variables }) => {
    const _entities = variables.representations.map(({ id }) => ({ label: `${id} from ${from}` }));
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ data: { _entities } }));
  });
});
useServer(
  {
    onSubscribe: (_context, _id, payload) => ({ ...ONLY_FOR_THE_PROTOCOL, contextValue: payload }),
    subscribe: ({ contextValue: { query, extensions } }) => {
      const lastEventId = extensions?.lastEventId;
      const last = lastEventId === undefined ? newest : Number(lastEventId.slice('tick-'.length));
      return listen(last, query.includes('pad'));
    },
  },
  new WebSocketServer({ server }),
);

process.on('message', ({ id, order }) => {
  if (order.publish !== undefined) publish(order.publish);
  process.send({ id, subscriptions });
});
process.on('disconnect', () => process.exit()); // nothing that a test started outlives it
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
