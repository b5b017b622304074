import { METERED_FEATURE } from './metered-feature.js';

/**
 * SQL for whether the grant `g`, whose balance is `b`, can still be burned, where `held` of it is held; beside it stands
 * METERED_FEATURE as `feature`.
 */
export const burnsWith = (held: string): string =>
  `(g.expires_at is null or g.expires_at > (select now from feature)) and not b.voided and b.used + ${held} < g.amount`;

/** Where the first reservation of a period may have to come from grants: what is locked must be there. */
export const OPEN_COUNTER = `
  with feature as (${METERED_FEATURE})
  insert into usage_counters (tenant_id, feature, period_start) select $1, $2, period from feature
  on conflict (tenant_id, feature, period_start) do nothing`;

/**
 * Of the quota what it still has, and the rest of grants: by priority, the lowest first, then those that expire first, then
 * the oldest. Balances and counter are locked before anything is decided, and what is locked is read in its latest version;
 * the counts of what was locked make one wait for the other. Everyone locks reservations first, then balances by id, then
 * the counter: two at once cannot deadlock.
 */
export const HOLD_WITH_GRANTS = `
  with feature as materialized (${METERED_FEATURE}), locked as materialized (
    select g.id, g.priority, g.expires_at, g.amount - b.used - b.held as free
    from feature_grants g join feature_grant_balances b on b.tenant_id = g.tenant_id and b.grant_id = g.id
    where g.tenant_id = $1 and g.feature = $2 and ${burnsWith('b.held')}
    order by b.grant_id for update of b
  ), granted as materialized (
    select coalesce(sum(free), 0)::bigint as free from locked
  ), counter as materialized (
    select u.period_start, f.now, f.quota - u.used - u.held as free
    from feature f join usage_counters u on u.tenant_id = $1 and u.feature = $2 and u.period_start = f.period
    where (select g.free from granted g) >= 0
    for update of u
  ), taken as materialized (
    select c.period_start, c.now, q.of_quota, $3::bigint - q.of_quota as of_grants
    from counter c cross join granted g cross join lateral (select least($3::bigint, greatest(c.free, 0)) as of_quota) q
    where $3::bigint - q.of_quota <= g.free
  ), parts as materialized (
    select l.id, l.position, least(l.free, t.of_grants - l.before)::bigint as amount
    from taken t cross join (
      select id, free, row_number() over burning as position, sum(free) over burning - free as before
      from locked window burning as (order by priority, expires_at nulls last, id)
    ) l
    where l.before < t.of_grants
  ), held as (
    update usage_counters u set held = u.held + t.of_quota, granted_held = u.granted_held + t.of_grants
    from taken t where u.tenant_id = $1 and u.feature = $2 and u.period_start = t.period_start
  ), burning as (
    update feature_grant_balances b set held = b.held + p.amount from parts p where b.tenant_id = $1 and b.grant_id = p.id
  ), recorded as (
    insert into reservation_grants (tenant_id, reservation_id, grant_id, position, amount)
    select $1, $5, id, position, amount from parts
  )
  insert into reservations
    (tenant_id, id, feature, amount, granted, idempotency_key, period_start, created_at, expires_at)
  select $1, $5, $2, $3::bigint, of_grants, $4, period_start, now, now + interval '15 minutes' from taken
  returning id, expires_at`;
