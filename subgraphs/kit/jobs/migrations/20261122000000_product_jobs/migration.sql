-- The job store: what the runner, the relay and operations call. Every change of a job is one function, that is one
-- statement and one transaction of its own: a worker that is frozen or killed between two of them holds no lock.
-- Functions plan once and keep the plan: without `enable_seqscan = off` those that were planned while the table was empty
-- would read all of it until the next ANALYZE, however full it is by then.

-- The one source of time: leases and due times are judged by this clock, never by a worker's. Tests move the offset.
CREATE TABLE clock (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), ahead interval NOT NULL DEFAULT '0');
INSERT INTO clock DEFAULT VALUES;
CREATE FUNCTION stack_now() RETURNS timestamptz LANGUAGE sql STABLE
  AS $$ SELECT clock_timestamp() + (SELECT ahead FROM jobs.clock) $$;

CREATE TABLE jobs (
  -- The outbox record's id, or made of the schedule and its due time: inserting twice makes one job. The first 48 bits
  -- are the milliseconds of its creation (UUID version 7 or 8), so ids are in order of age.
  id uuid PRIMARY KEY,
  name text NOT NULL CHECK (name ~ '^[a-z0-9._-]{1,255}$'),
  tenant_id uuid,
  tenant_key uuid NOT NULL GENERATED ALWAYS AS (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000')) STORED,
  payload jsonb NOT NULL,
  correlation_id text NOT NULL,
  -- W3C traceparent of the request that enqueued it.
  trace text,
  once_key text,
  priority smallint NOT NULL,
  -- Makes one job for each active tenant, in place of running.
  fans_out boolean NOT NULL DEFAULT false,
  schedule text,
  scheduled boolean NOT NULL GENERATED ALWAYS AS (schedule IS NOT NULL) STORED,
  state text NOT NULL CHECK (state IN ('blocked', 'scheduled', 'ready', 'running', 'succeeded', 'dead', 'cancelled')),
  -- Scheduled: when it becomes ready. Running: when its lease ends. Else null.
  wake_at timestamptz,
  -- Not before; the start delay counts from here.
  run_at timestamptz NOT NULL,
  -- Runs begun, without those that were postponed or handed back by a stopping worker.
  attempts integer NOT NULL DEFAULT 0,
  -- Grows with every claim of any job; who holds an older one may write nothing.
  fence bigint,
  worker text,
  progress real,
  note text,
  error text,
  created_at timestamptz NOT NULL,
  started_at timestamptz,
  finished_at timestamptz
);
-- The pick: of one name, tenant by tenant, each tenant's by priority and age.
CREATE INDEX jobs_pick ON jobs (state, name, tenant_key, priority DESC, run_at, id);
CREATE INDEX jobs_wake ON jobs (wake_at);
-- Pages for operators, and retention. A page is the newest few of each name and state that it may show, merged: so each
-- index has all that a page can be narrowed to in front of the id (store/job-desk-pages.ts).
CREATE INDEX jobs_by_state ON jobs (state, id);
CREATE INDEX jobs_by_tenant ON jobs (tenant_key, name, state, scheduled, id);
CREATE INDEX jobs_by_name ON jobs (name, state, scheduled, id);

-- Every row is written three times and more: dead ones are to go soon, and the statistics to follow.
ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);

CREATE SEQUENCE fences;

-- Whose row is locked, claims. Not an advisory lock: any login of the database could take that.
CREATE TABLE claiming (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row));
INSERT INTO claiming DEFAULT VALUES;

CREATE TABLE attempts (
  job_id uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
  fence bigint NOT NULL,
  -- The same number twice where a run was postponed or handed back.
  attempt integer NOT NULL,
  worker text NOT NULL,
  started_at timestamptz NOT NULL,
  -- null while it runs; there is a row then only if it has logged something.
  ended_at timestamptz,
  outcome text NOT NULL CHECK (outcome IN ('running', 'succeeded', 'skipped', 'failed', 'postponed', 'interrupted', 'lost', 'cancelled')),
  error text,
  -- [{ "at", "level", "message" }]
  log jsonb NOT NULL DEFAULT '[]',
  PRIMARY KEY (job_id, fence)
);

-- `once`: one open job of a name, tenant and key.
CREATE TABLE once_keys (
  name text NOT NULL,
  tenant_key uuid NOT NULL,
  key text NOT NULL,
  job_id uuid NOT NULL,
  PRIMARY KEY (name, tenant_key, key)
);
CREATE INDEX once_keys_job ON once_keys (job_id);

-- When each tenant was last served of a definition: `served` is the fence it got. Of tenants that have equally much running,
-- the one that has waited longest for a turn comes first, or two who flood would take turns without a third.
CREATE TABLE turns (
  name text NOT NULL,
  tenant_key uuid NOT NULL,
  served bigint NOT NULL,
  served_at timestamptz NOT NULL,
  PRIMARY KEY (name, tenant_key)
);

-- `after`: what a blocked job waits for. Rows go when the job it waits for has succeeded.
CREATE TABLE dependencies (
  job_id uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
  waits_for uuid NOT NULL,
  is_open boolean NOT NULL DEFAULT true,
  PRIMARY KEY (job_id, waits_for)
);
CREATE INDEX dependencies_waits_for ON dependencies (waits_for) ;

CREATE TABLE definitions (
  name text PRIMARY KEY,
  product text NOT NULL,
  -- What the code says, as the graph shows it.
  declared jsonb NOT NULL,
  declared_at timestamptz NOT NULL
);

CREATE TABLE schedules (
  name text PRIMARY KEY REFERENCES definitions ON DELETE CASCADE,
  cron text NOT NULL,
  timezone text NOT NULL,
  -- null: to be computed by the next worker that looks.
  next_due timestamptz,
  last_due timestamptz,
  -- Due times without a run: nobody was there, and catch-up left them out.
  missed bigint NOT NULL DEFAULT 0,
  paused_at timestamptz
);

-- One row for each due time that was run: two schedulers cannot run one twice.
CREATE TABLE firings (
  schedule text NOT NULL REFERENCES schedules ON DELETE CASCADE,
  due timestamptz NOT NULL,
  fired_at timestamptz NOT NULL,
  -- null: skipped, because the one before was still open.
  job_id uuid,
  PRIMARY KEY (schedule, due)
);

CREATE TABLE workers (
  id text PRIMARY KEY,
  -- The definitions it runs.
  names text[] NOT NULL,
  started_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL
);

-- Wakes workers: the names that have something ready, or '*' where they do not fit into a notification.
CREATE FUNCTION wake_workers(names text[]) RETURNS void LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE listed text := (SELECT string_agg(DISTINCT n, ',') FROM unnest(names) n);
BEGIN
  IF listed IS NOT NULL THEN
    PERFORM pg_notify('jobs', CASE WHEN octet_length(listed) < 7000 THEN listed ELSE '*' END);
  END IF;
END $$;

-- Somebody listens to changes of jobs, as they say every few seconds. While nobody does, nothing is sent: a notification
-- wakes every connection that listens to anything.
CREATE TABLE watchers (id uuid PRIMARY KEY, seen_at timestamptz NOT NULL);
-- Any login of the database may listen to a channel and notify on it, if it knows its name: this one is a secret of the store.
CREATE TABLE change_channel (name text PRIMARY KEY);
INSERT INTO change_channel VALUES ('job_changes_' || replace(gen_random_uuid()::text, '-', ''));

-- Tells who watches: [[id, state, tenant or null, name], …], in parts that fit into a notification (8,000 bytes).
CREATE FUNCTION tell_watchers(ids uuid[]) RETURNS void LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE first integer;
BEGIN
  IF NOT EXISTS (SELECT FROM watchers WHERE seen_at > clock_timestamp() - interval '30 seconds') THEN RETURN; END IF;
  FOR first IN SELECT generate_series(1, coalesce(array_length(ids, 1), 0), 20) LOOP
    PERFORM pg_notify((SELECT name FROM change_channel), (
      SELECT json_agg(json_build_array(id, state, tenant_id, name))::text FROM jobs WHERE id = ANY (ids[first:first + 19])));
  END LOOP;
END $$;

-- Blocked jobs whose dependencies may all be over by now: they go on, or never will. A dependency that does not exist,
-- or is another tenant's, is one that did not succeed.
CREATE FUNCTION resolve_blocked(ids uuid[]) RETURNS void LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE
  moment timestamptz := stack_now();
  freed uuid[];
  given_up uuid[];
BEGIN
  -- In one order: of two dependencies that end at once, the later one waits here and then sees both as ended.
  PERFORM FROM jobs WHERE id = ANY (ids) ORDER BY id FOR UPDATE;
  UPDATE dependencies d SET is_open = false FROM jobs j, jobs waited
    WHERE d.job_id = ANY (ids) AND j.id = d.job_id AND waited.id = d.waits_for AND waited.tenant_key = j.tenant_key
      AND waited.state = 'succeeded';
  WITH free AS (
    UPDATE jobs j SET state = CASE WHEN run_at > moment THEN 'scheduled' ELSE 'ready' END,
        wake_at = CASE WHEN run_at > moment THEN run_at END
      WHERE id = ANY (ids) AND state = 'blocked' AND NOT EXISTS (SELECT FROM dependencies d WHERE d.job_id = j.id AND d.is_open)
      RETURNING id)
    SELECT array_agg(id) INTO freed FROM free;
  WITH lost AS (
    UPDATE jobs j SET state = 'dead', finished_at = moment, error = 'It was to run after a job that did not succeed.'
      WHERE id = ANY (ids) AND state = 'blocked' AND EXISTS (
        SELECT FROM dependencies d WHERE d.job_id = j.id AND d.is_open AND NOT EXISTS (
          SELECT FROM jobs w WHERE w.id = d.waits_for AND w.tenant_key = j.tenant_key AND w.state NOT IN ('dead', 'cancelled')))
      RETURNING id)
    SELECT array_agg(id) INTO given_up FROM lost;
  PERFORM wake_workers(array_agg(name)) FROM jobs WHERE id = ANY (freed) AND state = 'ready';
  PERFORM tell_watchers(freed || given_up);
  IF given_up IS NOT NULL THEN PERFORM settle(given_up); END IF;
END $$;

-- What follows from jobs having ended: their keys are free, and what waited for them is looked at.
CREATE FUNCTION settle(ended uuid[]) RETURNS void LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE waiting uuid[];
BEGIN
  DELETE FROM once_keys WHERE job_id = ANY (ended);
  SELECT array_agg(DISTINCT job_id) INTO waiting FROM dependencies WHERE waits_for = ANY (ended) AND is_open;
  IF waiting IS NOT NULL THEN PERFORM resolve_blocked(waiting); END IF;
END $$;

-- One record of insert_jobs. "runAt" null: now. "after": ids of jobs that must have succeeded first.
CREATE TYPE new_job AS (
  id uuid, name text, "tenantId" uuid, payload jsonb, "correlationId" text, trace text, "onceKey" text, priority smallint,
  "runAt" timestamptz, after uuid[], "fansOut" boolean, schedule text
);

-- Idempotent by id. A record whose `onceKey` an open job of its name and tenant has is dropped. Answers the new ids.
CREATE FUNCTION insert_jobs(records jsonb) RETURNS uuid[] LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE
  moment timestamptz := stack_now();
  added uuid[];
  blocked uuid[];
BEGIN
  WITH fresh AS (
    SELECT DISTINCT ON (r.id) r.*, coalesce(r."tenantId", '00000000-0000-0000-0000-000000000000') AS tenant_key
    FROM jsonb_populate_recordset(NULL::new_job, records) r
    WHERE NOT EXISTS (SELECT FROM jobs j WHERE j.id = r.id)
  ), keyed AS (
    INSERT INTO once_keys (name, tenant_key, key, job_id)
      SELECT DISTINCT ON (name, tenant_key, "onceKey") name, tenant_key, "onceKey", id FROM fresh
      WHERE "onceKey" IS NOT NULL ORDER BY name, tenant_key, "onceKey", id
      ON CONFLICT DO NOTHING RETURNING job_id
  ), inserted AS (
    INSERT INTO jobs (id, name, tenant_id, payload, correlation_id, trace, once_key, priority, fans_out, schedule, state, wake_at, run_at, created_at)
      SELECT id, name, "tenantId", payload, "correlationId", trace, "onceKey", coalesce(priority, 0), coalesce("fansOut", false), schedule,
        CASE WHEN cardinality(after) > 0 THEN 'blocked' WHEN "runAt" > moment THEN 'scheduled' ELSE 'ready' END,
        CASE WHEN cardinality(after) > 0 THEN NULL WHEN "runAt" > moment THEN "runAt" END,
        coalesce("runAt", moment), moment
      FROM fresh WHERE "onceKey" IS NULL OR id IN (SELECT job_id FROM keyed) ORDER BY id
      ON CONFLICT (id) DO NOTHING RETURNING id
  ) SELECT array_agg(id) INTO added FROM inserted;

  -- Inserted twice at once, ended in between: the second took a key for a job that is over.
  DELETE FROM once_keys k USING jsonb_populate_recordset(NULL::new_job, records) r, jobs j
    WHERE r."onceKey" IS NOT NULL AND k.job_id = r.id AND j.id = r.id AND j.state IN ('succeeded', 'dead', 'cancelled');
  IF added IS NULL THEN RETURN '{}'; END IF;

  INSERT INTO dependencies (job_id, waits_for)
    SELECT DISTINCT r.id, w FROM jsonb_populate_recordset(NULL::new_job, records) r, unnest(r.after) w WHERE r.id = ANY (added);
  IF FOUND THEN
    SELECT array_agg(DISTINCT job_id) INTO blocked FROM dependencies WHERE job_id = ANY (added);
    -- Nothing they wait for may end between this look and our commit.
    PERFORM FROM jobs WHERE id IN (SELECT waits_for FROM dependencies WHERE job_id = ANY (blocked)) ORDER BY id FOR SHARE;
    PERFORM resolve_blocked(blocked);
  END IF;
  PERFORM wake_workers(array_agg(DISTINCT name)) FROM jobs WHERE id = ANY (added) AND state IN ('ready', 'scheduled');
  PERFORM tell_watchers(added);
  RETURN added;
END $$;

-- Makes ready what is due and what a lost worker held. Answers the names that have something ready, how many
-- milliseconds until the next job or schedule comes due (null: nothing will), and the schedules that are due.
CREATE FUNCTION look(OUT ready_names text[], OUT next_wake_ms double precision, OUT due_schedules jsonb, OUT moment timestamptz)
LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE changed uuid[];
BEGIN
  moment := stack_now();
  IF EXISTS (SELECT FROM jobs WHERE wake_at <= moment) THEN
    WITH woken AS (
      SELECT id, state, name, attempts, fence, worker, started_at FROM jobs WHERE wake_at <= moment
      ORDER BY wake_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    ), lost AS (
      INSERT INTO attempts (job_id, fence, attempt, worker, started_at, ended_at, outcome, error)
        SELECT id, fence, attempts, worker, started_at, moment, 'lost', 'The worker was not heard of any more.' FROM woken WHERE state = 'running'
        ON CONFLICT (job_id, fence) DO UPDATE SET ended_at = excluded.ended_at, outcome = excluded.outcome, error = excluded.error
    ), ready AS (
      UPDATE jobs j SET state = 'ready', wake_at = NULL, worker = NULL, started_at = NULL,
          error = CASE WHEN w.state = 'running' THEN 'The worker was not heard of any more.' ELSE j.error END
        FROM woken w WHERE j.id = w.id RETURNING j.id
    ) SELECT array_agg(id) INTO changed FROM ready;
    PERFORM tell_watchers(changed);
  END IF;
  -- From one name to the next in the index, however many jobs each of them has.
  WITH RECURSIVE names AS (
    (SELECT name FROM jobs WHERE state = 'ready' ORDER BY name LIMIT 1)
    UNION ALL
    SELECT (SELECT j.name FROM jobs j WHERE j.state = 'ready' AND j.name > n.name ORDER BY j.name LIMIT 1) FROM names n WHERE n.name IS NOT NULL
  ) SELECT coalesce(array_agg(name), '{}') INTO ready_names FROM names WHERE name IS NOT NULL;
  SELECT coalesce(jsonb_agg(jsonb_build_object('name', name, 'nextDue', next_due, 'cron', cron, 'timezone', timezone)), '[]') INTO due_schedules
    FROM schedules WHERE paused_at IS NULL AND (next_due IS NULL OR next_due <= moment);
  next_wake_ms := extract(epoch FROM least(
    (SELECT wake_at FROM jobs WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1),
    -- Those that are due are told above: who cannot fire them, in whose code they are not, is not to come back for them.
    (SELECT min(next_due) FROM schedules WHERE paused_at IS NULL AND next_due > moment)) - moment) * 1000;
END $$;

-- Tenants with something ready of one name, after one of them, in order: from one to the next in the index.
CREATE FUNCTION tenants_ready(of_name text, after_tenant uuid, most integer) RETURNS SETOF uuid LANGUAGE sql STABLE SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
  WITH RECURSIVE t AS (
    (SELECT tenant_key, 1 AS n FROM jobs WHERE state = 'ready' AND name = of_name AND (after_tenant IS NULL OR tenant_key > after_tenant)
     ORDER BY tenant_key LIMIT 1)
    UNION ALL
    SELECT (SELECT j.tenant_key FROM jobs j WHERE j.state = 'ready' AND j.name = of_name AND j.tenant_key > t.tenant_key
            ORDER BY j.tenant_key LIMIT 1), n + 1
    FROM t WHERE t.tenant_key IS NOT NULL AND n < most
  ) SELECT tenant_key FROM t WHERE tenant_key IS NOT NULL
$$;

-- Hands ready jobs to a worker, at most as many as it has room for. Wanted: [{ name, room, perTenant, perProduct, share, afterTenant }].
-- perTenant and perProduct hold for all workers together, null: no limit. `share`: what one tenant may hold of this worker's
-- places, so that long runs of one leave a place to the others. A tenant's jobs are ranked behind those it has running, then
-- by priority and age. Across tenants the rank counts first, then whose turn is longest ago: no tenant waits for all of
-- another's jobs, nor for those of two who flood. Of at most 256 tenants at a time, from `afterTenant` round.
CREATE FUNCTION claim_jobs(by_worker text, lease_ms integer, wanted jsonb)
RETURNS SETOF jobs LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE
  moment timestamptz;
  want record;
  room integer;
  tenants uuid[];
  taken uuid[];
  all_taken uuid[] := '{}';
BEGIN
  -- One claim at a time, or two of them together would pass a limit that holds for all. Held for one statement only.
  PERFORM FROM claiming FOR UPDATE;
  moment := stack_now();
  FOR want IN SELECT * FROM jsonb_to_recordset(wanted) AS w (name text, room integer, "perTenant" integer, "perProduct" integer, share integer, "afterTenant" uuid) LOOP
    room := want.room;
    IF want."perProduct" IS NOT NULL THEN
      room := least(room, want."perProduct" - (SELECT count(*) FROM jobs WHERE state = 'running' AND name = want.name)::integer);
    END IF;
    CONTINUE WHEN room <= 0;
    tenants := ARRAY (SELECT tenants_ready(want.name, want."afterTenant", 256));
    IF cardinality(tenants) < 256 AND want."afterTenant" IS NOT NULL THEN
      tenants := ARRAY (SELECT DISTINCT unnest(tenants || ARRAY (SELECT tenants_ready(want.name, NULL, 256 - cardinality(tenants)))));
    END IF;
    WITH ranked AS (
      SELECT c.id, c.priority, c.run_at,
        coalesce((SELECT served FROM turns s WHERE s.name = want.name AND s.tenant_key = t.tenant), 0) AS served,
        r.running + row_number() OVER (PARTITION BY t.tenant ORDER BY c.priority DESC, c.run_at, c.id) AS rank
      FROM unnest(tenants) AS t (tenant)
      CROSS JOIN LATERAL (
        SELECT count(*) AS running, count(*) FILTER (WHERE worker = by_worker) AS here FROM jobs j
        WHERE j.state = 'running' AND j.name = want.name AND j.tenant_key = t.tenant) r
      CROSS JOIN LATERAL (
        SELECT id, priority, run_at FROM jobs j WHERE j.state = 'ready' AND j.name = want.name AND j.tenant_key = t.tenant
        ORDER BY priority DESC, run_at, id LIMIT greatest(0, least(room, want."perTenant" - r.running,
          CASE WHEN t.tenant <> '00000000-0000-0000-0000-000000000000' THEN want.share - r.here END))) c
    ), picked AS (SELECT id FROM ranked ORDER BY rank, served, priority DESC, run_at, id LIMIT room),
    -- A row that somebody steers just now is left for the next claim: nobody may hold up all of them.
    free AS (SELECT j.id FROM jobs j JOIN picked USING (id) WHERE j.state = 'ready' FOR UPDATE OF j SKIP LOCKED),
    claimed AS (
      UPDATE jobs j SET state = 'running', worker = by_worker, fence = nextval('fences'), attempts = attempts + 1,
          started_at = moment, wake_at = moment + make_interval(secs => lease_ms / 1000.0), finished_at = NULL,
          progress = NULL, note = NULL
        FROM free f WHERE j.id = f.id RETURNING j.id, j.tenant_key, j.fence
    ), turned AS (
      INSERT INTO turns (name, tenant_key, served, served_at)
        SELECT want.name, tenant_key, max(fence), moment FROM claimed GROUP BY tenant_key
        ON CONFLICT (name, tenant_key) DO UPDATE SET served = excluded.served, served_at = excluded.served_at
    ) SELECT array_agg(id) INTO taken FROM claimed;
    all_taken := all_taken || taken;
  END LOOP;
  PERFORM tell_watchers(all_taken);
  RETURN QUERY SELECT * FROM jobs WHERE id = ANY (all_taken) ORDER BY priority DESC, run_at, id;
END $$;

-- A worker says that it lives, and what becomes of its runs: held is [{ id, fence, progress, note, log }], the last three
-- null where nothing is new. Answers the ids it still holds.
CREATE FUNCTION renew_leases(by_worker text, lease_ms integer, held jsonb) RETURNS uuid[] LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE
  moment timestamptz := stack_now();
  still uuid[];
BEGIN
  UPDATE workers SET seen_at = moment WHERE id = by_worker;
  -- In one order, as end_runs takes them.
  PERFORM FROM jobs WHERE id IN (SELECT h.id FROM jsonb_to_recordset(held) AS h (id uuid)) ORDER BY id FOR UPDATE;
  WITH kept AS (
    UPDATE jobs j SET wake_at = moment + make_interval(secs => lease_ms / 1000.0), progress = coalesce(h.progress, j.progress), note = coalesce(h.note, j.note)
      FROM jsonb_to_recordset(held) AS h (id uuid, fence bigint, progress real, note text)
      WHERE j.id = h.id AND j.fence = h.fence AND j.state = 'running' RETURNING j.id)
    SELECT array_agg(id) INTO still FROM kept;
  INSERT INTO attempts (job_id, fence, attempt, worker, started_at, ended_at, outcome, log)
    SELECT j.id, j.fence, j.attempts, j.worker, j.started_at, NULL, 'running', h.log
    FROM jsonb_to_recordset(held) AS h (id uuid, log jsonb) JOIN jobs j ON j.id = h.id
    WHERE j.id = ANY (still) AND h.log IS NOT NULL
    ON CONFLICT (job_id, fence) DO UPDATE SET log = attempts.log || excluded.log;
  PERFORM tell_watchers(ARRAY (SELECT h.id FROM jsonb_to_recordset(held) AS h (id uuid, progress real) WHERE h.id = ANY (still) AND h.progress IS NOT NULL));
  RETURN coalesce(still, '{}');
END $$;

-- Claimed and never begun: as if they had not been. unbegun: [{ id, fence }].
CREATE FUNCTION release_jobs(unbegun jsonb) RETURNS void LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE released uuid[];
BEGIN
  PERFORM FROM jobs WHERE id IN (SELECT u.id FROM jsonb_to_recordset(unbegun) AS u (id uuid)) ORDER BY id FOR UPDATE;
  WITH ready AS (
    UPDATE jobs j SET state = 'ready', wake_at = NULL, worker = NULL, started_at = NULL, attempts = attempts - 1
      FROM jsonb_to_recordset(unbegun) AS u (id uuid, fence bigint)
      WHERE j.id = u.id AND j.fence = u.fence AND j.state = 'running' RETURNING j.id)
    SELECT array_agg(id) INTO released FROM ready;
  PERFORM wake_workers(array_agg(name)) FROM jobs WHERE id = ANY (released);
  PERFORM tell_watchers(released);
END $$;

-- What a claim gave to a worker that never heard its answer.
CREATE FUNCTION release_others(by_worker text, known_fences bigint[]) RETURNS void LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
BEGIN
  PERFORM release_jobs(jsonb_agg(jsonb_build_object('id', id, 'fence', fence)))
    FROM jobs WHERE state = 'running' AND worker = by_worker AND fence <> ALL (known_fences) HAVING count(*) > 0;
END $$;

-- Ends: [{ id, fence, outcome, error, waitMs, log, note }]. Failed with waitMs: another run after that; failed without:
-- dead. Postponed and interrupted runs are not counted. Answers the ids that were this holder's to end.
CREATE FUNCTION end_runs(ends jsonb) RETURNS uuid[] LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE
  moment timestamptz := stack_now();
  ended uuid[];
  over uuid[];
BEGIN
  -- In one order, so that two batches wait for each other and do not deadlock.
  PERFORM FROM jobs WHERE id IN (SELECT e.id FROM jsonb_to_recordset(ends) AS e (id uuid)) ORDER BY id FOR UPDATE;
  -- Of runs that could not begin, the last is enough: a tenant may be suspended for a month.
  DELETE FROM attempts a USING jsonb_to_recordset(ends) AS e (id uuid, outcome text)
    WHERE e.outcome = 'postponed' AND a.job_id = e.id AND a.outcome = 'postponed';
  WITH e AS (
    SELECT * FROM jsonb_to_recordset(ends) AS e (id uuid, fence bigint, outcome text, error text, "waitMs" double precision, log jsonb, note text)
  ), mine AS (
    SELECT j.id, j.fence, j.attempts, j.worker, j.started_at, e.outcome, e.error, e."waitMs", e.log, e.note
    FROM e JOIN jobs j ON j.id = e.id AND j.fence = e.fence AND j.state = 'running'
  ), written AS (
    INSERT INTO attempts (job_id, fence, attempt, worker, started_at, ended_at, outcome, error, log)
      SELECT id, fence, attempts, worker, started_at, moment, outcome, error, coalesce(log, '[]') FROM mine
      ON CONFLICT (job_id, fence) DO UPDATE SET ended_at = excluded.ended_at, outcome = excluded.outcome, error = excluded.error, log = attempts.log || excluded.log
  ), updated AS (
    UPDATE jobs j SET
        state = CASE
          WHEN m.outcome IN ('succeeded', 'skipped') THEN 'succeeded'
          WHEN m.outcome = 'failed' AND m."waitMs" IS NULL THEN 'dead'
          WHEN m."waitMs" > 0 THEN 'scheduled'
          ELSE 'ready' END,
        wake_at = CASE WHEN m.outcome IN ('failed', 'postponed') AND m."waitMs" > 0 THEN moment + make_interval(secs => m."waitMs" / 1000.0) END,
        attempts = j.attempts - CASE WHEN m.outcome IN ('postponed', 'interrupted') THEN 1 ELSE 0 END,
        worker = CASE WHEN m.outcome IN ('succeeded', 'skipped') THEN j.worker END,
        progress = CASE WHEN m.outcome = 'succeeded' THEN 1 ELSE j.progress END,
        note = coalesce(m.note, j.note),
        error = CASE WHEN m.outcome IN ('succeeded', 'skipped') THEN NULL WHEN m.outcome = 'interrupted' THEN j.error ELSE m.error END,
        finished_at = CASE WHEN m.outcome IN ('succeeded', 'skipped') OR (m.outcome = 'failed' AND m."waitMs" IS NULL) THEN moment END
      FROM mine m WHERE j.id = m.id RETURNING j.id, j.state)
    SELECT array_agg(id), array_agg(id) FILTER (WHERE state IN ('succeeded', 'dead')) INTO ended, over FROM updated;
  IF over IS NOT NULL THEN PERFORM settle(over); END IF;
  PERFORM wake_workers(array_agg(name)) FROM jobs WHERE id = ANY (ended) AND state IN ('ready', 'scheduled');
  PERFORM tell_watchers(ended);
  RETURN coalesce(ended, '{}');
END $$;

-- Definitions: [{ name, product, declared, cron (null: no schedule), timezone }]. A changed expression begins anew; an
-- unchanged one goes on from where it was, so that what came due meanwhile can be caught up with.
CREATE FUNCTION declare_worker(by_worker text, declared_definitions jsonb) RETURNS void LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE moment timestamptz := stack_now();
BEGIN
  INSERT INTO definitions (name, product, declared, declared_at)
    SELECT d.name, d.product, d.declared, moment FROM jsonb_to_recordset(declared_definitions) AS d (name text, product text, declared jsonb) ORDER BY name
    ON CONFLICT (name) DO UPDATE SET product = excluded.product, declared = excluded.declared, declared_at = excluded.declared_at;
  DELETE FROM schedules s USING jsonb_to_recordset(declared_definitions) AS d (name text, cron text) WHERE s.name = d.name AND d.cron IS NULL;
  INSERT INTO schedules (name, cron, timezone)
    SELECT d.name, d.cron, d.timezone FROM jsonb_to_recordset(declared_definitions) AS d (name text, cron text, timezone text)
    WHERE d.cron IS NOT NULL ORDER BY name
    ON CONFLICT (name) DO UPDATE SET cron = excluded.cron, timezone = excluded.timezone,
      next_due = CASE WHEN (schedules.cron, schedules.timezone) = (excluded.cron, excluded.timezone) THEN schedules.next_due END;
  DELETE FROM workers WHERE seen_at < moment - interval '1 day';
  INSERT INTO workers (id, names, started_at, seen_at)
    SELECT by_worker, coalesce(array_agg(d.name), '{}'), moment, moment FROM jsonb_to_recordset(declared_definitions) AS d (name text);
END $$;

-- Moves a schedule on from `expected`, and inserts the jobs of its due times: [{ due, job }], as insert_jobs takes them.
-- False: another worker was first, another version of the code declared it since, or it is paused. A due time whose job was dropped for its key counts as skipped.
CREATE FUNCTION fire_schedule(of_schedule text, with_cron text, in_timezone text, expected timestamptz, next timestamptz, more_missed bigint, runs jsonb) RETURNS boolean
LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE
  run record;
  added uuid[];
BEGIN
  UPDATE schedules SET next_due = next, missed = missed + more_missed, last_due = coalesce((
      SELECT max(r.due) FROM jsonb_to_recordset(runs) AS r (due timestamptz)), last_due)
    WHERE name = of_schedule AND cron = with_cron AND timezone = in_timezone AND next_due IS NOT DISTINCT FROM expected AND paused_at IS NULL;
  IF NOT FOUND THEN RETURN false; END IF;
  FOR run IN SELECT * FROM jsonb_to_recordset(runs) AS r (due timestamptz, job jsonb) ORDER BY due LOOP
    INSERT INTO firings (schedule, due, fired_at, job_id) VALUES (of_schedule, run.due, stack_now(), (run.job ->> 'id')::uuid) ON CONFLICT DO NOTHING;
    CONTINUE WHEN NOT FOUND;
    added := insert_jobs(jsonb_build_array(run.job));
    IF cardinality(added) = 0 THEN UPDATE firings SET job_id = NULL WHERE schedule = of_schedule AND due = run.due; END IF;
  END LOOP;
  RETURN true;
END $$;

-- Ended jobs older than `keep`, their attempts with them, and firings as old. Answers how many jobs went; fewer than
-- `most`: no more are left. By id, which is in order of creation: what ended before the bound was made before it.
CREATE FUNCTION purge_ended(keep interval, most integer) RETURNS integer LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE
  bound timestamptz := stack_now() - keep;
  oldest_kept uuid := (lpad(to_hex((extract(epoch FROM bound) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid;
  removed integer;
BEGIN
  DELETE FROM jobs WHERE id IN (
    SELECT e.id FROM unnest(ARRAY['succeeded', 'dead', 'cancelled']) AS s (state)
    CROSS JOIN LATERAL (SELECT id FROM jobs j WHERE j.state = s.state AND j.id < oldest_kept AND j.finished_at < bound ORDER BY id LIMIT most) e
    LIMIT most);
  GET DIAGNOSTICS removed = ROW_COUNT;
  DELETE FROM firings WHERE due < bound;
  -- Who was not served for a day is first in any case.
  DELETE FROM turns WHERE served_at < stack_now() - interval '1 day';
  RETURN removed;
END $$;

-- Operations look through row-level security: at one tenant's jobs of some products, or at all where an operator asks.
-- `stack.products`: their names, with commas. A job's product is what its name begins with.
CREATE FUNCTION sees_all() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT current_setting('stack.all_tenants', true) IS NOT DISTINCT FROM 'yes'
$$;
CREATE FUNCTION in_scope(tenant uuid, name text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT jobs.sees_all() OR coalesce(tenant = nullif(current_setting('stack.tenant_id', true), '')::uuid
    AND split_part(name, '.', 1) = ANY (string_to_array(current_setting('stack.products', true), ',')), false)
$$;
-- `sees_all` apart, as a query of its own: asked once for a statement, not for each row.
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY runner_rows ON jobs TO jobs_runner USING (true) WITH CHECK (true);
CREATE POLICY reader_rows ON jobs FOR SELECT TO jobs_reader USING ((SELECT jobs.sees_all()) OR jobs.in_scope(tenant_key, name));
ALTER TABLE attempts ENABLE ROW LEVEL SECURITY;
CREATE POLICY runner_rows ON attempts TO jobs_runner USING (true) WITH CHECK (true);
CREATE POLICY reader_rows ON attempts FOR SELECT TO jobs_reader USING (EXISTS (SELECT FROM jobs.jobs j WHERE j.id = job_id));
ALTER TABLE dependencies ENABLE ROW LEVEL SECURITY;
CREATE POLICY runner_rows ON dependencies TO jobs_runner USING (true) WITH CHECK (true);
CREATE POLICY reader_rows ON dependencies FOR SELECT TO jobs_reader USING (EXISTS (SELECT FROM jobs.jobs j WHERE j.id = job_id));

-- Names in scope that have jobs, ended ones included: of one tenant, or of all (null). From one name to the next in the
-- index; as the owner, because row-level security would walk through every row of a name that may not be seen.
CREATE FUNCTION job_names(of_tenant uuid) RETURNS SETOF text LANGUAGE plpgsql STABLE ROWS 50 SECURITY DEFINER SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE next text := '';
BEGIN
  IF of_tenant IS NULL AND NOT sees_all() THEN RETURN; END IF;
  LOOP
    IF of_tenant IS NULL THEN
      SELECT name INTO next FROM jobs WHERE name > next ORDER BY name LIMIT 1;
    ELSE
      SELECT name INTO next FROM jobs WHERE tenant_key = of_tenant AND name > next ORDER BY name LIMIT 1;
    END IF;
    EXIT WHEN next IS NULL;
    IF in_scope(of_tenant, next) THEN RETURN NEXT next; END IF;
  END LOOP;
END $$;

-- What operations may do, each in the caller's scope: these run as the owner, and check for themselves.

-- Runs ended jobs again from their first attempt. They still wait for what they were to run after, but for what has ended
-- without success. Answers those that are run: not those that have not ended or whose key an open job has.
CREATE FUNCTION retry_jobs(ids uuid[]) RETURNS uuid[] LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE again uuid[];
BEGIN
  -- First what they wait for, as where runs end: that may not end between this look and our commit, and nobody deadlocks.
  PERFORM FROM jobs WHERE id IN (SELECT waits_for FROM dependencies WHERE job_id = ANY (ids)) ORDER BY id FOR SHARE;
  PERFORM FROM jobs WHERE id = ANY (ids) ORDER BY id FOR UPDATE;
  WITH ended AS (
    SELECT id, name, tenant_key, once_key FROM jobs WHERE id = ANY (ids) AND state IN ('dead', 'cancelled')
  ), keyed AS (
    INSERT INTO once_keys (name, tenant_key, key, job_id)
      SELECT DISTINCT ON (name, tenant_key, once_key) name, tenant_key, once_key, id FROM ended
      WHERE once_key IS NOT NULL ORDER BY name, tenant_key, once_key, id
      ON CONFLICT DO NOTHING RETURNING job_id
  ) SELECT array_agg(id) INTO again FROM ended WHERE once_key IS NULL OR id IN (SELECT job_id FROM keyed);
  IF again IS NULL THEN RETURN '{}'; END IF;
  DELETE FROM dependencies d USING jobs j WHERE j.id = ANY (again) AND d.job_id = j.id AND d.is_open AND NOT EXISTS (
    SELECT FROM jobs w WHERE w.id = d.waits_for AND w.tenant_key = j.tenant_key AND w.state NOT IN ('dead', 'cancelled'));
  UPDATE jobs SET state = 'blocked', attempts = 0, worker = NULL, wake_at = NULL, run_at = stack_now(), started_at = NULL,
      finished_at = NULL, progress = NULL, note = NULL WHERE id = ANY (again);
  PERFORM resolve_blocked(again);
  PERFORM tell_watchers(ARRAY (SELECT id FROM jobs WHERE id = ANY (again) AND state = 'blocked'));
  RETURN again;
END $$;

-- 'retried' | 'not found' | 'not ended' | 'taken' (an open job has its key)
CREATE FUNCTION retry_job(of_job uuid) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM jobs WHERE id = of_job AND in_scope(tenant_id, name)) THEN RETURN 'not found'; END IF;
  IF cardinality(retry_jobs(ARRAY[of_job])) = 1 THEN RETURN 'retried'; END IF;
  RETURN (SELECT CASE WHEN state IN ('dead', 'cancelled') THEN 'taken' ELSE 'not ended' END FROM jobs WHERE id = of_job);
END $$;

-- Dead jobs of a name that are in scope, oldest first, at most `most` after one of them (null: from the first). Answers how
-- many are run again, and the last one that was looked at (null: there was none).
CREATE FUNCTION retry_dead(of_name text, after_id uuid, most integer, OUT retried integer, OUT last_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE dead uuid[];
BEGIN
  SELECT array_agg(id ORDER BY id), max(id::text)::uuid INTO dead, last_id FROM (
    SELECT id FROM jobs WHERE state = 'dead' AND name = of_name AND in_scope(tenant_id, name) AND (after_id IS NULL OR id > after_id)
    ORDER BY id LIMIT most) d;
  retried := CASE WHEN dead IS NULL THEN 0 ELSE cardinality(retry_jobs(dead)) END;
END $$;

-- 'cancelled' | 'not found' | 'ended'. A run under way is aborted by its worker's next renewal, and may write nothing more.
CREATE FUNCTION cancel_job(of_job uuid) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE j jobs;
BEGIN
  SELECT * INTO j FROM jobs WHERE id = of_job AND in_scope(tenant_id, name) FOR UPDATE;
  IF NOT FOUND THEN RETURN 'not found'; END IF;
  IF j.state IN ('succeeded', 'dead', 'cancelled') THEN RETURN 'ended'; END IF;
  IF j.state = 'running' THEN
    INSERT INTO attempts (job_id, fence, attempt, worker, started_at, ended_at, outcome, error)
      VALUES (j.id, j.fence, j.attempts, j.worker, j.started_at, stack_now(), 'cancelled', 'It was cancelled while it ran.')
      ON CONFLICT (job_id, fence) DO UPDATE SET ended_at = excluded.ended_at, outcome = excluded.outcome, error = excluded.error;
  END IF;
  UPDATE jobs SET state = 'cancelled', wake_at = NULL, finished_at = stack_now() WHERE id = of_job;
  PERFORM settle(ARRAY[of_job]);
  -- Its place is free.
  IF j.state = 'running' THEN PERFORM wake_workers(ARRAY[j.name]); END IF;
  PERFORM tell_watchers(ARRAY[of_job]);
  RETURN 'cancelled';
END $$;

-- One job by hand, as insert_jobs takes it. 'queued' | 'not found' (its tenant or product is not in scope) | 'taken' (an
-- open job has its key)
CREATE FUNCTION run_job(record jsonb) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF NOT in_scope((record ->> 'tenantId')::uuid, record ->> 'name') THEN RETURN 'not found'; END IF;
  IF cardinality(insert_jobs(jsonb_build_array(record))) = 0 THEN RETURN 'taken'; END IF;
  RETURN 'queued';
END $$;

-- False: there is no such schedule. What comes due while it is paused is not caught up with.
CREATE FUNCTION pause_schedule(of_schedule text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = jobs, pg_temp AS $$
BEGIN
  IF NOT sees_all() THEN RETURN false; END IF;
  UPDATE schedules SET paused_at = coalesce(paused_at, stack_now()), next_due = NULL WHERE name = of_schedule;
  RETURN FOUND;
END $$;
CREATE FUNCTION resume_schedule(of_schedule text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = jobs, pg_temp AS $$
BEGIN
  IF NOT sees_all() THEN RETURN false; END IF;
  UPDATE schedules SET paused_at = NULL WHERE name = of_schedule;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM wake_workers(ARRAY[of_schedule]);
  RETURN true;
END $$;

-- To be called before one listens, and every few seconds.
CREATE FUNCTION watch_changes(watcher uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = jobs, pg_temp AS $$
  DELETE FROM watchers WHERE seen_at < clock_timestamp() - interval '1 minute';
  INSERT INTO watchers (id, seen_at) VALUES (watcher, clock_timestamp()) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at;
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA jobs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION stack_now(), sees_all(), in_scope(uuid, text) TO jobs_runner, jobs_reader;
GRANT EXECUTE ON FUNCTION wake_workers(text[]), tell_watchers(uuid[]), resolve_blocked(uuid[]), settle(uuid[]), insert_jobs(jsonb), look(),
  tenants_ready(text, uuid, integer), claim_jobs(text, integer, jsonb), renew_leases(text, integer, jsonb), release_jobs(jsonb), release_others(text, bigint[]), end_runs(jsonb),
  declare_worker(text, jsonb), fire_schedule(text, text, text, timestamptz, timestamptz, bigint, jsonb), purge_ended(interval, integer) TO jobs_runner;
GRANT EXECUTE ON FUNCTION job_names(uuid), retry_job(uuid), retry_dead(text, uuid, integer), cancel_job(uuid), run_job(jsonb), pause_schedule(text),
  resume_schedule(text), watch_changes(uuid) TO jobs_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON jobs, attempts, once_keys, turns, dependencies, definitions, schedules, firings, workers, watchers, claiming TO jobs_runner;
GRANT USAGE ON SEQUENCE fences TO jobs_runner;
GRANT SELECT ON clock, change_channel TO jobs_runner, jobs_reader;
GRANT SELECT ON jobs, attempts, dependencies, definitions, schedules, firings, workers TO jobs_reader;

-- What waits or runs in the store of before goes on here; a stopped stack has nothing running.
SELECT insert_jobs(coalesce(jsonb_agg(jsonb_build_object('id', id, 'name', name, 'tenantId', data ->> 'tenantId', 'payload', data -> 'payload',
    'correlationId', data ->> 'correlationId', 'runAt', next_run_at)), '[]'))
  FROM agenda_jobs WHERE next_run_at IS NOT NULL OR locked_at IS NOT NULL;
INSERT INTO jobs (id, name, tenant_id, payload, correlation_id, priority, state, run_at, attempts, error, created_at, finished_at)
  SELECT id, name, (data ->> 'tenantId')::uuid, data -> 'payload', data ->> 'correlationId', 0,
    CASE WHEN fail_count > 0 THEN 'dead' ELSE 'succeeded' END, created_at, coalesce(fail_count, 1), CASE WHEN fail_count > 0 THEN fail_reason END,
    created_at, coalesce(last_finished_at, failed_at, created_at)
  FROM agenda_jobs WHERE next_run_at IS NULL AND locked_at IS NULL;
DROP TABLE agenda_jobs;
