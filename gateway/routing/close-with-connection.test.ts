import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RequestSeen } from '../extensions/request-seen.js';
import { EventLog } from '../test-support/event-log.js';
import { gate } from '../test-support/gate.js';
import { testGateway, type TestGateway } from '../test-support/test-gateway.js';
import { handles, inProcess, supergraphOf } from '../test-support/test-subgraphs.js';
import { until } from '../test-support/until.js';

const SDL = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
scalar Any
type Query { hold(value: Any): String }
type Subscription { changed(value: Int): Int }
type Thing @key(fields: "id") { id: ID! }`;
const HOLD = 'query ($value: Any) { hold(value: $value) }';
/** A megabyte that is 22 as values: nobody has room for two at once. */
const HUGE = { value: Array.from({ length: 340_000 }, () => ({})) };

let gateway: TestGateway;
const events = new EventLog();
const ended: RequestSeen[] = [];
let asked = 0;
let answered = gate();
beforeAll(async () => {
  const hold = async () => {
    asked++;
    await answered.opened;
    return 'held';
  };
  gateway = await testGateway({
    registry: { current: async () => ({ id: 'v1', sdl: supergraphOf({ held: SDL }) }) },
    subgraphs: handles(
      inProcess(
        'held',
        SDL,
        () => ({ hold }),
        () => null,
        { subscribe: events.subscribe },
      ),
    ),
    products: [],
    extensions: [{ name: 'ended', contract: 1, onRequestEnd: (request) => void ended.push(request) }],
    shedding: null, // what is huge here may be too much for a busy machine
  });
});
afterAll(() => gateway.close());
beforeEach(() => {
  asked = 0;
  answered = gate();
  ended.length = 0;
});

/** Sends requests one behind the other on one connection, without waiting for an answer. */
function pipelined(...bodies: readonly object[]): Socket {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  for (const body of bodies) {
    const text = JSON.stringify(body);
    const head = [
      'POST /graphql HTTP/1.1',
      'host: test',
      'content-type: application/json',
      'accept: application/json, text/event-stream',
      `content-length: ${Buffer.byteLength(text)}`,
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${text}`);
  }
  return socket;
}

describe('What waits behind another answer on its connection, when that has gone,', () => {
  it('listens to nothing any more', async () => {
    const subscriptions = [1, 2].map((value) => ({ query: `subscription { changed(value: ${value}) }` }));
    const socket = pipelined({ query: HOLD }, ...subscriptions);
    await until(() => asked === 1 && events.open === 2);
    socket.destroy();
    await until(() => events.open === 0);
    expect((await gateway.measured()).subscriptions).toBe(0);
  });

  it('keeps no memory from those who come later', async () => {
    const socket = pipelined({ query: HOLD }, { query: HOLD, variables: HUGE });
    await until(() => asked === 2);
    socket.destroy();
    await until(() => ended.length === 2);
    answered.open();
    expect(await gateway.query(HOLD, { variables: HUGE })).toMatchObject({ status: 200 });
  });

  it('has ended: whoever is told of requests is told of each, once', async () => {
    const socket = pipelined({ query: HOLD }, { query: HOLD, variables: { value: 1 } });
    await until(() => asked === 2);
    socket.destroy();
    await until(() => ended.length === 2);
    answered.open();
    await gateway.query('{ __typename }');
    expect(ended.map(({ outcome }) => outcome)).toEqual(['left', 'left', 'answered']);
  });

  it('is answered in its turn otherwise', async () => {
    const socket = pipelined({ query: HOLD }, { query: '{ __typename }' });
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    await until(() => ended.length === 1); // the second one, which waits
    answered.open();
    await until(() => text.includes('__typename'));
    expect(text.indexOf('held')).toBeLessThan(text.indexOf('__typename'));
    socket.destroy();
  });
});
