import { definitionOf } from './definition-of.js';

/**
 * SQL for the feature `$2` of the tenant `$1`, where it is metered for the tenant: the quota, and the beginnings of the
 * period that runs, of the one before and of the next one, and the time by which that is so. Periods are those of UTC; the
 * interval is added without a zone, because a session's own zone would move a month's end. `offset 0` keeps the definition
 * and the clock from being read once for each place where they are used: each reading of the clock is a query of its own.
 */
export const METERED_FEATURE = `
  select m.quota, m.period at time zone 'UTC' as period, (m.period - m.length) at time zone 'UTC' as period_before,
    (m.period + m.length) at time zone 'UTC' as resets_at, m.now
  from (
    select (d.definition ->> 'limit')::bigint as quota, ('1 ' || (d.definition ->> 'per'))::interval as length,
      date_trunc(d.definition ->> 'per', d.now at time zone 'UTC') as period, d.now
    from (select ${definitionOf('$2')} as definition, stack_now() as now from tenants t where t.id = $1 offset 0) d
    where d.definition ->> 'kind' = 'metered'
  ) m`;
