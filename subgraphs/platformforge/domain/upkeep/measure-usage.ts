import type { PlatformForgeWork } from '../../context.js';
import type { UsageHour } from '../../generated/prisma/client.js';

type Db = PlatformForgeWork['db'];

/** After a longer downtime the hours before stay unmeasured: what was kept then is not known any more. */
export const MOST_HOURS_AT_ONCE = 48;

/**
 * Writes every whole hour (UTC) since the last measured one that is not measured yet, and answers how many it wrote. A
 * tenant's first hour is the one in which it first asked for a platform or uploaded a template. Written once, an hour
 * stays: what was kept at its end is best known soon after. What was kept, or was there, at the end of an hour long past
 * leaves out what was deleted since.
 */
export async function measureUsage(db: Db): Promise<number> {
  return db.$executeRaw`
    with latest as (
      -- A minute late: what was committed at the end of an hour began before it ended.
      select date_trunc('hour', stack_now() - interval '1 minute', 'UTC') - interval '1 hour' as last_hour
    ), earliest as (
      select date_trunc('hour', least(
        (select queued_at from generations order by id limit 1),
        (select min(created_at) from templates)), 'UTC') as first_hour
    ), hours as (
      select hour, hour + interval '1 hour' as until from latest, earliest, generate_series(
        greatest(
          coalesce((select max(hour) from usage_hours) + interval '1 hour', first_hour),
          last_hour - make_interval(hours => ${MOST_HOURS_AT_ONCE - 1}::int)),
        last_hour, interval '1 hour') as hour
      where first_hour is not null
    )
    insert into usage_hours (hour, generated, failed, duration_ms, stored_bytes, platforms)
    select h.hour, ended.generated, ended.failed, ended.duration_ms, artifacts.bytes + archives.bytes, artifacts.platforms
    from hours h
      cross join lateral (
        select count(*) filter (where state = 'SUCCEEDED') as generated,
          count(*) filter (where state = 'FAILED') as failed,
          coalesce(sum(round(extract(epoch from ended_at - queued_at) * 1000)) filter (where state = 'SUCCEEDED'), 0)
            as duration_ms
        from generations where ended_at >= h.hour and ended_at < h.until
      ) ended
      cross join lateral (
        -- Of each platform that has an artifact, the one it had then.
        select count(*) as platforms, coalesce(sum((
          select artifact_bytes from generations g
          where p.artifact_id is not null and g.platform_id = p.id and g.state = 'SUCCEEDED' and g.ended_at < h.until
          order by g.id desc limit 1)), 0) as bytes
        from platforms p where p.created_at < h.until
      ) artifacts
      cross join lateral (
        select coalesce(sum(size_bytes), 0) as bytes from templates where created_at < h.until
      ) archives
    on conflict (tenant_id, hour) do nothing`;
}

/** The measured hours among the last `hours` that are over, newest first. */
export async function hoursBack(db: Db, hours: number): Promise<UsageHour[]> {
  return db.$queryRaw`
    select tenant_id as "tenantId", hour, generated, failed, duration_ms as "durationMs", stored_bytes as "storedBytes",
      platforms
    from usage_hours where hour >= date_trunc('hour', stack_now(), 'UTC') - make_interval(hours => ${hours}::int)
    order by hour desc`;
}
