-- A cancelled job of a definition that says it gives back what it held is handed out once more, for that alone, and is
-- cancelled then. Its attempts are raised to those of its definition meanwhile: a worker whose code does not know of this
-- column gives it up as one that was lost after its last run, and does not run it again.

-- How many runs it had begun when it was cancelled; null: it was not, or what it held is given back.
ALTER TABLE jobs ADD COLUMN cancelled_after integer;

-- 'cancelled' | 'not found' | 'ended'. A run under way is aborted by its worker's next renewal, and may write nothing more;
-- what it held is given back when its lease is over, because until then it may not have noticed. Cancelled once more, a job
-- goes on giving back, unless there is no live worker that could.
CREATE OR REPLACE FUNCTION cancel_job(of_job uuid) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE
  j jobs;
  moment timestamptz;
  declared_attempts integer;
BEGIN
  SELECT * INTO j FROM jobs WHERE id = of_job AND in_scope(tenant_id, name) FOR UPDATE;
  IF NOT FOUND THEN RETURN 'not found'; END IF;
  IF j.state IN ('succeeded', 'dead', 'cancelled') THEN RETURN 'ended'; END IF;
  moment := stack_now();
  IF j.cancelled_after IS NOT NULL AND EXISTS (
    SELECT FROM workers WHERE seen_at > moment - interval '30 seconds' AND j.name = ANY (names)) THEN RETURN 'cancelled'; END IF;
  IF j.state = 'running' THEN
    INSERT INTO attempts (job_id, fence, attempt, worker, started_at, ended_at, outcome, error)
      VALUES (j.id, j.fence, j.attempts, j.worker, j.started_at, moment, 'cancelled', 'It was cancelled while it ran.')
      ON CONFLICT (job_id, fence) DO UPDATE SET ended_at = excluded.ended_at, outcome = excluded.outcome, error = excluded.error;
  END IF;
  IF j.cancelled_after IS NULL AND NOT j.fans_out THEN
    SELECT (declared #>> '{retry,attempts}')::integer INTO declared_attempts
      FROM definitions WHERE name = j.name AND (declared ->> 'givesBack')::boolean;
  END IF;
  IF declared_attempts IS NULL THEN
    UPDATE jobs SET state = 'cancelled', wake_at = NULL, finished_at = moment, attempts = coalesce(cancelled_after, attempts), cancelled_after = NULL
      WHERE id = of_job;
    PERFORM settle(ARRAY[of_job]);
    -- Its place is free.
    IF j.state = 'running' THEN PERFORM wake_workers(ARRAY[j.name]); END IF;
  ELSE
    UPDATE jobs SET state = CASE WHEN j.state = 'running' THEN 'scheduled' ELSE 'ready' END,
        wake_at = CASE WHEN j.state = 'running' THEN j.wake_at END, worker = NULL, started_at = NULL,
        cancelled_after = j.attempts, attempts = greatest(j.attempts, declared_attempts), note = 'It was cancelled. What it held is given back next.'
      WHERE id = of_job;
    PERFORM wake_workers(ARRAY[j.name]);
  END IF;
  PERFORM tell_watchers(ARRAY[of_job]);
  RETURN 'cancelled';
END $$;

-- Ends: [{ id, fence, outcome, error, waitMs, log, note }]. Failed with waitMs: another run after that; failed without:
-- dead. Cancelled: what a cancelled job held is given back. Postponed and interrupted runs are not counted. Answers the
-- ids that were this holder's to end.
CREATE OR REPLACE FUNCTION end_runs(ends jsonb) RETURNS uuid[] LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
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
    SELECT *, outcome IN ('succeeded', 'skipped', 'cancelled') OR (outcome = 'failed' AND "waitMs" IS NULL) AS is_over
    FROM jsonb_to_recordset(ends) AS e (id uuid, fence bigint, outcome text, error text, "waitMs" double precision, log jsonb, note text)
  ), mine AS (
    SELECT j.id, j.fence, j.attempts, j.worker, j.started_at, e.outcome, e.error, e."waitMs", e.log, e.note, e.is_over
    FROM e JOIN jobs j ON j.id = e.id AND j.fence = e.fence AND j.state = 'running'
  ), written AS (
    INSERT INTO attempts (job_id, fence, attempt, worker, started_at, ended_at, outcome, error, log)
      SELECT id, fence, attempts, worker, started_at, moment, outcome, error, coalesce(log, '[]') FROM mine
      ON CONFLICT (job_id, fence) DO UPDATE SET ended_at = excluded.ended_at, outcome = excluded.outcome, error = excluded.error, log = attempts.log || excluded.log
  ), updated AS (
    UPDATE jobs j SET
        state = CASE
          WHEN m.outcome IN ('succeeded', 'skipped') THEN 'succeeded'
          WHEN m.outcome = 'cancelled' THEN 'cancelled'
          WHEN m.outcome = 'failed' AND m."waitMs" IS NULL THEN 'dead'
          WHEN m."waitMs" > 0 THEN 'scheduled'
          ELSE 'ready' END,
        wake_at = CASE WHEN m.outcome IN ('failed', 'postponed') AND m."waitMs" > 0 THEN moment + make_interval(secs => m."waitMs" / 1000.0) END,
        attempts = CASE WHEN m.is_over THEN coalesce(j.cancelled_after, j.attempts)
          ELSE j.attempts - CASE WHEN m.outcome IN ('postponed', 'interrupted') THEN 1 ELSE 0 END END,
        cancelled_after = CASE WHEN NOT m.is_over THEN j.cancelled_after END,
        worker = CASE WHEN m.outcome IN ('succeeded', 'skipped', 'cancelled') THEN j.worker END,
        progress = CASE WHEN m.outcome = 'succeeded' THEN 1 ELSE j.progress END,
        note = coalesce(m.note, j.note),
        error = CASE WHEN m.outcome IN ('succeeded', 'skipped', 'cancelled') THEN NULL WHEN m.outcome = 'interrupted' THEN j.error ELSE m.error END,
        finished_at = CASE WHEN m.is_over THEN moment END
      FROM mine m WHERE j.id = m.id RETURNING j.id, j.state)
    SELECT array_agg(id), array_agg(id) FILTER (WHERE state IN ('succeeded', 'dead', 'cancelled')) INTO ended, over FROM updated;
  IF over IS NOT NULL THEN PERFORM settle(over); END IF;
  PERFORM wake_workers(array_agg(name)) FROM jobs WHERE id = ANY (ended) AND state IN ('ready', 'scheduled');
  PERFORM tell_watchers(ended);
  RETURN coalesce(ended, '{}');
END $$;
