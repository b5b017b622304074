/** Columns of a `SeenJob`, of `jobs j` beside `definitions d`. */
export const JOB_COLUMNS = `j.id, j.name, split_part(j.name, '.', 1) as product, d.declared ->> 'queue' as queue, j.state,
  j.priority, j.tenant_id as "tenantId", j.payload, j.correlation_id as "correlationId", j.schedule, j.fans_out as "fansOut",
  coalesce(j.cancelled_after, j.attempts) as attempts, j.worker, j.progress, j.note, j.error, j.run_at as "runAt", j.created_at as "createdAt",
  j.started_at as "startedAt", j.finished_at as "finishedAt"`;

/** Workers that were heard of within 30 s: a query of their `id` and `names`. */
export const LIVE_WORKERS = `select id, names from workers where seen_at > stack_now() - interval '30 seconds'`;
