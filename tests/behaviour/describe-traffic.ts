import { beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { runStack, until, type Session, type TestStack } from '../support/test-stack.js';

const CANARY = 'canary-5d1b';
const MOST = 40;
const FAILING = 3;
/** Beyond what anything here takes by itself. */
const SLOW_MS = 1_000;

/**
 * Operations that are told of by `describeTraffic`: one sent often, one that waits for a lock, and one that fails. Sent
 * before everything else, because gateways tell every 10 s.
 */
export async function sendTraffic(stack: TestStack): Promise<void> {
  const ada = await stack.signIn('ada@acme.test');
  const most = 'query TrafficMost { viewer { user { notes(first: 1) { nodes { id } } } } }';
  await Promise.all(Array.from({ length: MOST }, () => ada.query(most)));
  const failing = 'query TrafficFailing($id: ID!) { note(id: $id) { id } other: note(id: "canary-5d1b") { text } }';
  for (let times = 0; times < FAILING; times++) await ada.query(failing, { id: `${CANARY}-${times}` });
  await stack.query(`query TrafficAnonymous { note(id: "${CANARY}") { id } }`);
  await sendSlow(stack, ada);
}

async function sendSlow(stack: TestStack, ada: Session): Promise<void> {
  const holder = new pg.Client({ connectionString: stack.database!.url });
  await holder.connect();
  try {
    await holder.query('begin');
    await holder.query('lock table starter.notes in access exclusive mode');
    const answer = ada.query('query TrafficSlow { viewer { user { notes(first: 2) { nodes { text } } } } }');
    await until('it has waited for long', async () => {
      const waiting = await stack.sql(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
           and clock_timestamp() - query_start > make_interval(secs => $1)`,
        SLOW_MS / 1_000,
      );
      return waiting.length > 0;
    });
    await holder.query('rollback');
    expect((await answer).body.errors).toBeUndefined();
  } finally {
    await holder.end();
  }
}

const ASKED = `{ stackStatus { traffic(minutes: 120) {
  gateways lost requests errorRate latency { p50 p99 max }
  most: operations(by: COUNT, first: 100) { signature name count errors averageCost latency { p50 } }
  slow: operations(by: SLOWEST, first: 100) { name latency { p99 max } }
  failing: operations(by: ERRORS, first: 100) { name count errors errorRate }
  subgraphs { name health { ready reason since } fetches failed latency { p50 } }
  fetchHeat(first: 100) { subgraph type fetches entities operations { name fetches } }
} } }`;

interface Operation {
  readonly name: string | null;
  readonly count: number;
  readonly latency: { readonly max: number };
}
interface Traffic {
  readonly gateways: number;
  readonly requests: number;
  readonly most: readonly Operation[];
  readonly slow: readonly Operation[];
  readonly failing: readonly Operation[];
  readonly subgraphs: readonly { readonly name: string }[];
  readonly fetchHeat: readonly { readonly subgraph: string; readonly type: string | null }[];
}

export function describeTraffic(running: () => TestStack): void {
  let stack: TestStack;
  let traffic: Traffic;
  let root: Session;
  beforeAll(async () => {
    stack = running();
    root = await stack.signIn('root@platform.test');
    await until('the gateway has told of it', async () => {
      const { body } = await root.query(ASKED);
      if (body.errors) throw new Error(JSON.stringify(body.errors));
      ({ traffic } = body.data!['stackStatus'] as { traffic: Traffic });
      return traffic.slow.some(({ name }) => name === 'TrafficSlow');
    });
  });

  const named = (list: readonly Operation[], name: string) => list.find((operation) => operation.name === name);

  describe('What platform administrators are told of the traffic', () => {
    it('names what is sent most, what is slow and what fails', () => {
      expect(named(traffic.most, 'TrafficMost')).toMatchObject({ count: MOST, errors: 0 });
      expect(named(traffic.failing, 'TrafficFailing')).toMatchObject({ count: FAILING, errors: FAILING, errorRate: 1 });
      expect(named(traffic.failing, 'TrafficMost')).toBeUndefined();
      expect(named(traffic.slow, 'TrafficSlow')!.latency.max).toBeGreaterThan(SLOW_MS);
      expect(traffic.most.findIndex(({ name }) => name === 'TrafficMost')).toBeLessThan(
        traffic.most.findIndex(({ name }) => name === 'TrafficSlow'),
      );
      expect(traffic).toMatchObject({ gateways: 1, lost: 0 });
    });

    it('shows where the heat is, and how every subgraph is', () => {
      expect(traffic.fetchHeat).toContainEqual(
        expect.objectContaining({
          subgraph: 'starter',
          type: 'User',
          operations: expect.arrayContaining([{ name: 'TrafficMost', fetches: MOST }]),
        }),
      );
      expect(traffic.subgraphs).toEqual(
        expect.arrayContaining(
          ['identity', 'operations', 'platformforge', 'starter'].map((name) =>
            expect.objectContaining({ name, health: expect.objectContaining({ ready: true, reason: null }) }),
          ),
        ),
      );
    });

    it('has no value of a tenant in it, nor have the tables that it is read from', async () => {
      expect(JSON.stringify(traffic)).not.toContain(CANARY);
      for (const { name } of await stack.sql(
        "select table_name as name from information_schema.tables where table_schema = 'operations' and table_name like 'traffic%'",
      ))
        expect(
          await stack.sql(`select t from operations."${String(name)}" t where t::text ~ $1`, `${CANARY}|acme`),
        ).toEqual([]);
    });

    it('is what `stack status` prints', async () => {
      const env = { ...stack.environment, STACK_TOKEN: root.accessToken };
      const command = runStack(['status', '--url', stack.url, '--minutes', '120', '--first', '100'], env);
      await command.ended;
      for (const name of ['TrafficMost', 'TrafficSlow', 'TrafficFailing', 'starter User'])
        expect(command.output()).toContain(`\n  ${name} `);
    });

    it.each(['ada@acme.test', 'gus@globex.test'])('is refused %s, who owns a tenant', async (email) => {
      const { body } = await (await stack.signIn(email)).query(ASKED);
      expect(body).toMatchObject({ data: { stackStatus: null }, errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    });
  });
}
