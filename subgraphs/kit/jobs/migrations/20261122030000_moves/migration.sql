-- While jobs are moved between this store and another one, and when they have left, nobody works here: a worker that was
-- not told of the move would run what the other store runs, too.

-- What store/move/job-depot.ts calls a mark; no row: nothing is moved. Without its row a store that was left can be begun
-- anew: delete from jobs.move.
CREATE TABLE move (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  move uuid NOT NULL,
  -- For people, and to know it again.
  other text NOT NULL,
  other_id text NOT NULL,
  -- A sentence for whoever is refused.
  why text NOT NULL,
  stage text NOT NULL CHECK (stage IN ('scanning', 'copying', 'left', 'arriving')),
  -- The last job that the other store has.
  after uuid
);

CREATE FUNCTION refuse_while_moved() RETURNS trigger LANGUAGE plpgsql SET search_path = jobs, pg_temp AS $$
DECLARE reason text := (SELECT why FROM move);
BEGIN
  -- The move itself says so in its session.
  IF reason IS NOT NULL AND current_setting('stack.moves_jobs', true) IS DISTINCT FROM 'yes' THEN
    RAISE EXCEPTION '%', reason USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  RETURN NULL;
END $$;

-- One for each statement, however many rows it has, and none: a new job, a claim, what a run writes, a worker that comes or lives.
CREATE TRIGGER refuse_new_jobs BEFORE INSERT ON jobs EXECUTE FUNCTION refuse_while_moved();
CREATE TRIGGER refuse_claims BEFORE INSERT ON turns EXECUTE FUNCTION refuse_while_moved();
CREATE TRIGGER refuse_runs BEFORE INSERT ON attempts EXECUTE FUNCTION refuse_while_moved();
CREATE TRIGGER refuse_workers BEFORE INSERT OR UPDATE ON workers EXECUTE FUNCTION refuse_while_moved();

REVOKE EXECUTE ON FUNCTION refuse_while_moved() FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON move TO jobs_runner;
GRANT SELECT ON move TO jobs_reader;
-- The fences of another store may be higher; they never go back.
GRANT SELECT, UPDATE ON SEQUENCE fences TO jobs_runner;
