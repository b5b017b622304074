/** One batch after the other: two at once find each other's rows, and keep to the limit. */
export const ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtext('operations.traffic'))";

/** $1: the gateway, $2: the number of its batch. Changes nothing where that, or a later one, came before. */
export const CLAIM = `
  insert into traffic_gateways as t (id, number, last_seen_at) values ($1, $2, stack_now())
    on conflict (id) do update set number = excluded.number, last_seen_at = excluded.last_seen_at
      where t.number < excluded.number`;

/** The minute $1, epoch milliseconds, and its hour. A gateway whose clock is ahead counts for the minute it is now. */
export const SPANS_OF = `
  select span, date_trunc(span, least(to_timestamp($1::float8 / 1000), stack_now()), 'UTC') as at
  from unnest(array['minute', 'hour']) as span`;

const SPANS = 'json_to_recordset($1) as s (span text, at timestamptz)';

const HISTOGRAM = ['"totalMs" float8', '"maxMs" float8', 'buckets integer[]', 'counts bigint[]'];
const HISTOGRAM_COLUMNS = ['total_ms', 'max_ms', 'buckets', 'counts'];
const HISTOGRAM_SUM = `
  total_ms = t.total_ms + excluded.total_ms, max_ms = greatest(t.max_ms, excluded.max_ms),
  (buckets, counts) = (
    select coalesce(array_agg(bucket order by bucket), '{}'), coalesce(array_agg(count order by bucket), '{}')
    from (
      select bucket, sum(count)::bigint as count
      from (
        select * from unnest(t.buckets, t.counts) union all select * from unnest(excluded.buckets, excluded.counts)
      ) as given (bucket, count)
      group by bucket
    ) summed
  )`;

interface Table {
  readonly name: string;
  /** Of its key, beside the span. */
  readonly keys: Readonly<Record<string, string>>;
  /** What is added up. */
  readonly sums: Readonly<Record<string, string>>;
  readonly hasHistogram: boolean;
  /** Of whatever was given once. */
  readonly also?: Readonly<Record<string, string>>;
}

/** Adds the rows $2 to each of the spans $1. Columns are named as in the JSON, in quotes, with their types. */
function addTo({ name, keys, sums, hasHistogram, also = {} }: Table): string {
  const given = { ...keys, ...sums, ...also };
  const types = Object.entries(given).map(([column, type]) => type.replace('?', column));
  const columns = [...Object.keys(given), ...(hasHistogram ? HISTOGRAM_COLUMNS : [])];
  const changes = [
    ...Object.keys(sums).map((column) => `${column} = t.${column} + excluded.${column}`),
    ...Object.keys(also).map((column) => `${column} = coalesce(t.${column}, excluded.${column})`),
    ...(hasHistogram ? [HISTOGRAM_SUM] : []),
  ];
  return `
    insert into ${name} as t (span, at, ${columns.join(', ')})
      select s.span, s.at, g.*
      from ${SPANS}, json_to_recordset($2) as g (${[...types, ...(hasHistogram ? HISTOGRAM : [])].join(', ')})
      on conflict (${['span', 'at', ...Object.keys(keys)].join(', ')}) do update set ${changes.join(', ')}`;
}

const TEXT = '? text';
const COUNT = '? bigint';
const AMOUNT = '? float8';

export const WRITE = {
  requests: addTo({
    name: 'traffic_requests',
    keys: {},
    sums: { answered: COUNT, errors: COUNT, refused: COUNT, failed: COUNT, left_early: '"left" bigint', lost: COUNT },
    hasHistogram: true,
  }),
  operations: addTo({
    name: 'traffic_operations',
    keys: { signature: TEXT, for_tenants: '"forTenants" boolean' },
    sums: { count: COUNT, errors: COUNT, refused: COUNT, cost: AMOUNT },
    also: { name: TEXT },
    hasHistogram: true,
  }),
  subgraphs: addTo({
    name: 'traffic_subgraphs',
    keys: { subgraph: TEXT },
    sums: { fetches: COUNT, failed: COUNT, shared: COUNT, bytes: AMOUNT },
    hasHistogram: true,
  }),
  fetches: addTo({
    name: 'traffic_fetches',
    keys: { signature: TEXT, for_tenants: '"forTenants" boolean', subgraph: TEXT, type: TEXT },
    sums: { fetches: COUNT, entities: COUNT },
    hasHistogram: false,
  }),
} as const;

/**
 * Removes operations of the spans $1 that have no place: $2 of tenants' have one and $3 of others', those with the greatest
 * shares of the requests, of their time and of their errors. Answers them.
 */
export const MAKE_ROOM = `
  with here as (
    select o.* from traffic_operations o join ${SPANS} using (span, at) where o.signature <> ''
  ), whole as (
    select span, for_tenants, sum(count)::float8 as count, sum(total_ms) as total_ms, sum(errors)::float8 as errors
    from here group by span, for_tenants
  ), placed as (
    select h.span, h.at, h.signature, h.for_tenants, row_number() over (
        partition by h.span, h.for_tenants
        order by coalesce(h.count / nullif(w.count, 0), 0) + coalesce(h.total_ms / nullif(w.total_ms, 0), 0)
          + coalesce(h.errors / nullif(w.errors, 0), 0) desc, h.signature
      ) > case when h.for_tenants then $2::int else $3::int end as is_surplus
    from here h join whole w using (span, for_tenants)
  )
  delete from traffic_operations o using placed p
  where p.is_surplus and o.span = p.span and o.at = p.at and o.signature = p.signature and o.for_tenants = p.for_tenants
  returning o.span, o.at, o.signature, o.for_tenants as "forTenants", o.count::float8, o.errors::float8,
    o.refused::float8, o.cost, o.total_ms as "totalMs", o.max_ms as "maxMs", o.buckets, o.counts::float8[] as counts`;

/** What was fetched for the operations $1 is counted for the others. */
export const MOVE_FETCHES = `
  with gone as (
    delete from traffic_fetches f
    using json_to_recordset($1) as g (span text, at timestamptz, signature text, "forTenants" boolean)
    where f.span = g.span and f.at = g.at and f.signature = g.signature and f.for_tenants = g."forTenants"
    returning f.*
  )
  insert into traffic_fetches as t (span, at, signature, for_tenants, subgraph, type, fetches, entities)
    select span, at, '', for_tenants, subgraph, type, sum(fetches), sum(entities)
    from gone group by span, at, for_tenants, subgraph, type
    on conflict (span, at, signature, for_tenants, subgraph, type) do update set
      fetches = t.fetches + excluded.fetches, entities = t.entities + excluded.entities`;

/** At most $1 of each. */
export const REMOVE_OLD = [
  ...['traffic_requests', 'traffic_operations', 'traffic_subgraphs', 'traffic_fetches'].flatMap((table) =>
    [
      ['minute', '4 hours'],
      ['hour', '50 hours'],
    ].map(
      ([span, kept]) => `
        delete from ${table} where ctid = any (array(
          select ctid from ${table} where span = '${span}' and at < stack_now() - interval '${kept}' limit $1))`,
    ),
  ),
  `delete from traffic_gateways where id in (
     select id from traffic_gateways where last_seen_at < stack_now() - interval '50 hours' limit $1)`,
];
