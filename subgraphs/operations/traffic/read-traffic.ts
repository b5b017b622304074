import { sumOfLatencies, type LatencyCounts } from '@inevitable/contract';

/** $1: whole hours, or minutes; $2: how many minutes back. What is asked for, as the database's clock has it. */
export const READ_PERIOD = `
  select stack_now() as "to", date_trunc($1, stack_now() - make_interval(mins => $2::int), 'UTC') as "from",
    (select min(at) from traffic_requests where span = $1) as "knownSince"`;

/** $1: minutes or hours, $2: from when on. */
export const READ_STEPS = `
  select at, answered::float8, errors::float8, refused::float8, failed::float8, left_early::float8 as "left",
    lost::float8, total_ms as "totalMs", max_ms as "maxMs", buckets, counts::float8[] as counts
  from traffic_requests where span = $1 and at >= $2::timestamptz order by at`;

export const READ_GATEWAYS = `
  select count(*)::int as gateways from traffic_gateways where last_seen_at >= $1::timestamptz`;

/**
 * The rows of a table by one of its columns, added up; their histograms one behind the other, which is added up here
 * (`addedUp`) in a third of the time that PostgreSQL takes for it.
 */
const summed = (table: string, by: string, columns: string): string => `
  select ${by}, ${columns}, sum(total_ms) as "totalMs", max(max_ms) as "maxMs",
    string_agg(array_to_string(buckets, ','), ',') filter (where buckets <> '{}') as buckets,
    string_agg(array_to_string(counts, ','), ',') filter (where buckets <> '{}') as counts
  from ${table} where span = $1 and at >= $2::timestamptz group by ${by}`;

/** Histograms as `summed` has them: buckets that may be there more than once, and null where nothing was measured. */
export interface HistogramTexts {
  readonly buckets: string | null;
  readonly counts: string | null;
  readonly totalMs: number;
  readonly maxMs: number;
}

export const addedUp = <Row extends HistogramTexts>(row: Row): Omit<Row, keyof HistogramTexts> & LatencyCounts => ({
  ...row,
  ...sumOfLatencies([{ ...row, buckets: numbersIn(row.buckets), counts: numbersIn(row.counts) }]),
});

const numbersIn = (text: string | null): number[] => text?.split(',').map(Number) ?? [];

/** signature '': those that are not told apart. */
export const READ_OPERATIONS = summed(
  'traffic_operations',
  'signature',
  `max(name) as name, sum(count)::float8 as count, sum(errors)::float8 as errors, sum(refused)::float8 as refused,
   sum(cost) as cost`,
);

export const READ_SUBGRAPHS = summed(
  'traffic_subgraphs',
  'subgraph',
  `sum(fetches)::float8 as fetches, sum(failed)::float8 as failed, sum(shared)::float8 as shared, sum(bytes) as bytes`,
);

/** type '': fields of the root. */
export const READ_FETCHES = `
  select subgraph, type, signature, sum(fetches)::float8 as fetches, sum(entities)::float8 as entities
  from traffic_fetches where span = $1 and at >= $2::timestamptz
  group by subgraph, type, signature order by 4 desc, 1, 2, 3`;

/** Of the parts $1, how each was seen last, and since when. */
export const READ_HEALTH_SINCE = `
  select latest.part, latest.ready, latest.since
  from unnest($1::text[]) as asked (part), lateral (
    select part, ready, since from health_periods h where h.part = asked.part order by id desc limit 1
  ) latest`;
