import { describe, expect, it } from '@jest/globals';
import { ready, type Caller, type UserId } from '@inevitable/contract';
import { hostSubgraph } from '@inevitable/kit/host';
import { pino } from 'pino';
import { operationsSubgraph } from './subgraph.js';
import { testContext } from './testing/test-context.js';

const operations = hostSubgraph(
  operationsSubgraph({
    health: () => Promise.resolve({ status: 'ready', parts: [ready('gateway')] }),
    desk: {
      overview: () => Promise.resolve({ waiting: 0, running: 0, failed: 0, latestFailures: [], unclaimed: [] }),
    } as never,
    jobs: [],
    upkeep: {} as never,
    subgraphs: [],
    events: [{ name: 'starter.note.changed.v1', product: 'starter', description: null }],
  }),
  { database: null, entitlements: {} as never, events: null, log: pino({ level: 'silent' }) },
);

const askAs = (caller: Caller, query: string) => operations.execute({ query }, testContext(caller));

const EVENTS = '{ stackStatus { ready events { name product description } } }';
const userId = 'somebody' as UserId;

describe('The status of the stack', () => {
  it('lists the events that products declare', async () => {
    expect(await askAs({ kind: 'platformAdmin', userId }, EVENTS)).toEqual({
      data: {
        stackStatus: {
          ready: true,
          events: [{ name: 'starter.note.changed.v1', product: 'starter', description: null }],
        },
      },
    });
  });

  it.each<[Caller, string]>([
    [{ kind: 'member', userId }, 'FORBIDDEN'],
    [{ kind: 'anonymous' }, 'UNAUTHENTICATED'],
  ])('is not for %j', async (caller, code) => {
    expect(await askAs(caller, EVENTS)).toMatchObject({
      data: { stackStatus: null },
      errors: [{ extensions: { code } }],
    });
  });
});
