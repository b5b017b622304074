import type { RecordedOperation } from '@inevitable/contract';
import type { Connection } from '@inevitable/kit';

/** As resolvers have it: `id` is the signature. */
export type RecordedOperationPage = Connection<RecordedOperation & { readonly id: string }>;

/** Which operations are read: those seen in the last `days`, `first` of them behind `after`, by signature. */
export interface RecordedPage {
  readonly days: number;
  readonly first: number;
  readonly after: string | null;
}

/**
 * $1: days, $2: how many, $3: the signature to go on behind, or ''. Clients beyond the hundredth are in `count` alone:
 * whoever sends a name of its own with each request makes no row of megabytes.
 */
export const READ_OPERATIONS = `
  select o.signature, o.operation_name as "operationName", o.document, o.last_seen_at as "lastSeen", used.count, used.clients,
    array(
      select i.coordinate from operation_inputs i
      where i.signature = o.signature and i.last_seen_at > stack_now() - make_interval(days => $1::int)
      order by i.coordinate
    ) as inputs
  from operations o, lateral (
    select sum(sent.count)::float8 as count,
      jsonb_agg(
        jsonb_build_object(
          'name', nullif(sent.client_name, ''), 'version', nullif(sent.client_version, ''), 'plan', nullif(sent.plan, ''),
          'count', sent.count)
        order by sent.place) filter (where sent.place <= 100) as clients
    from (
      select h.client_name, h.client_version, h.plan, sum(h.count)::float8 as count,
        row_number() over (order by sum(h.count) desc, h.client_name, h.client_version, h.plan) as place
      from operation_hours h
      where h.signature = o.signature and h.hour > stack_now() - make_interval(days => $1::int)
      group by h.client_name, h.client_version, h.plan
    ) sent
  ) used
  where o.last_seen_at > stack_now() - make_interval(days => $1::int) and o.signature > $3 and used.count is not null
  order by o.signature limit $2::int`;

/** In the order of `READ_OPERATIONS`' parameters. */
export const readingOf = ({ days, first, after }: RecordedPage): [number, number, string] => [days, first, after ?? ''];
