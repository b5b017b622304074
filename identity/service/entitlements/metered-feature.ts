/**
 * SQL for the feature `$2` of the tenant `$1`, where its plan meters it: the quota, and the beginnings of the period that
 * runs, of the one before and of the next one. Periods are those of UTC; the interval is added without a zone, because a
 * session's own zone would move a month's end.
 */
export const METERED_FEATURE = `
  select m.quota, m.period at time zone 'UTC' as period, (m.period - m.length) at time zone 'UTC' as period_before,
    (m.period + m.length) at time zone 'UTC' as resets_at
  from (
    select (f.definition ->> 'limit')::bigint as quota, ('1 ' || (f.definition ->> 'per'))::interval as length,
      date_trunc(f.definition ->> 'per', stack_now() at time zone 'UTC') as period
    from tenants t join plan_features f on f.plan = t.plan
    where t.id = $1 and f.feature = $2 and f.definition ->> 'kind' = 'metered'
  ) m`;
