import {
  sumOfLatencies,
  type LatencyCounts,
  type OperationTraffic,
  type TrafficMinute,
  type TrafficPort,
} from '@inevitable/contract';
import { inTransaction, openSystemPool } from '@inevitable/kit/host';
import { CLAIM, MAKE_ROOM, MOVE_FETCHES, ONE_AT_A_TIME, REMOVE_OLD, SPANS_OF, WRITE } from './write-traffic.js';

/** What gateways answered, as operations' system role keeps it. Times are the database's own. */
export interface TrafficStore extends TrafficPort {
  /** Removes minutes after 4 hours and hours after 50, `most` of each kind; answers how many, or `most` where there may be more. */
  removeOld(most: number): Promise<number>;
  close(): Promise<void>;
}

/** Of a minute or an hour: the others give way, and are counted as one. */
const MOST_OPERATIONS = 200;
/** Those of callers of no tenant, who may be anybody, have places of their own. */
const MOST_OF_NO_TENANT = 50;
/** With each batch that is written: what a gateway makes in a minute is removed in one, too. */
const REMOVED_BY_THE_WAY = 5_000;

/** A minute, or the hour it is in. */
interface Span {
  readonly span: string;
  /** Its beginning. */
  readonly at: Date;
}
/** One operation's row, as statements answer it and take it. */
interface OperationRow extends LatencyCounts {
  readonly signature: string;
  readonly forTenants: boolean;
  readonly name: string | null;
  readonly count: number;
  readonly errors: number;
  readonly refused: number;
  readonly cost: number;
}
type Client = Parameters<Parameters<typeof inTransaction>[1]>[0];
type Ask = <Row extends object>(statement: string, values: unknown[]) => Promise<readonly Row[]>;

export function openTrafficStore(systemUrl: string): TrafficStore {
  const pool = openSystemPool('operations', systemUrl);

  const oneAtATime = <T>(work: (client: Client) => Promise<T>): Promise<T> =>
    inTransaction(pool, async (client) => {
      await client.query(ONE_AT_A_TIME);
      return work(client);
    });

  return {
    async record({ gateway, number, lost, minutes }) {
      await oneAtATime(async (client) => {
        const ask: Ask = async (statement, values) => (await client.query(statement, values)).rows;
        const { rowCount } = await client.query(CLAIM, [gateway, number]);
        if (rowCount === 0) return; // it came before
        // Also where there was no request: that is known, too.
        await write(ask, 'requests', await spansOf(ask, null), [{ ...NOTHING, lost }]);
        for (const minute of minutes) await writeMinute(ask, minute);
        await removeOld(client, REMOVED_BY_THE_WAY);
      });
    },
    removeOld: (most) => oneAtATime((client) => removeOld(client, most)),
    close: () => pool.end(),
  };
}

async function removeOld(client: Client, most: number): Promise<number> {
  let removed = 0;
  for (const statement of REMOVE_OLD) removed += (await client.query(statement, [most])).rowCount ?? 0;
  return Math.min(removed, most);
}

const NOTHING = {
  answered: 0,
  errors: 0,
  refused: 0,
  failed: 0,
  left: 0,
  totalMs: 0,
  maxMs: 0,
  buckets: [],
  counts: [],
};

/** `minute`: epoch milliseconds; null: the one it is. Of a gateway whose clock is ahead likewise. */
const spansOf = (ask: Ask, minute: number | null): Promise<readonly Span[]> => ask<Span>(SPANS_OF, [minute]);

async function write(
  ask: Ask,
  what: keyof typeof WRITE,
  spans: readonly Span[],
  rows: readonly object[],
): Promise<void> {
  if (rows.length > 0) await ask(WRITE[what], [JSON.stringify(spans), JSON.stringify(rows)]);
}

async function writeMinute(
  ask: Ask,
  { minute, requests, latency, operations, subgraphs }: TrafficMinute,
): Promise<void> {
  const spans = await spansOf(ask, minute);
  const fetches = operations.flatMap((operation) =>
    operation.fetches.map((one) => ({
      signature: operation.signature ?? '',
      forTenants: operation.forTenants,
      ...one,
      type: one.type ?? '',
    })),
  );
  await write(ask, 'requests', spans, [{ ...requests, lost: 0, ...latency }]);
  await write(ask, 'operations', spans, operations.map(rowOf));
  await write(
    ask,
    'subgraphs',
    spans,
    subgraphs.map(({ latency: ofIt, ...counts }) => ({ ...counts, ...ofIt })),
  );
  await write(ask, 'fetches', spans, fetches);
  await makeRoom(ask, spans);
}

const rowOf = (operation: OperationTraffic): OperationRow => ({
  signature: operation.signature ?? '',
  forTenants: operation.forTenants,
  name: operation.name,
  count: operation.count,
  errors: operation.errors,
  refused: operation.refused,
  cost: operation.cost,
  ...operation.latency,
});

/** Where many operations are sent, those that weigh least by requests, time and errors have no row of their own. */
async function makeRoom(ask: Ask, spans: readonly Span[]): Promise<void> {
  const gone = await ask<Span & OperationRow>(MAKE_ROOM, [JSON.stringify(spans), MOST_OPERATIONS, MOST_OF_NO_TENANT]);
  if (gone.length === 0) return;
  for (const span of spans)
    for (const forTenants of [true, false]) {
      const all = gone.filter((one) => one.span === span.span && one.forTenants === forTenants);
      if (all.length > 0) await write(ask, 'operations', [span], [asOne(all, forTenants)]);
    }
  const places = gone.map(({ span, at, signature, forTenants }) => ({ span, at, signature, forTenants }));
  await ask(MOVE_FETCHES, [JSON.stringify(places)]);
}

function asOne(all: readonly OperationRow[], forTenants: boolean): OperationRow {
  const sum = (of: (one: OperationRow) => number): number => all.reduce((total, one) => total + of(one), 0);
  return {
    signature: '',
    forTenants,
    name: null,
    count: sum(({ count }) => count),
    errors: sum(({ errors }) => errors),
    refused: sum(({ refused }) => refused),
    cost: sum(({ cost }) => cost),
    ...sumOfLatencies(all),
  };
}
