-- A tenant that is deleted has nothing here any more: payloads, logs, notes and errors are its data. Its jobs are found by
-- jobs_by_tenant. Only its tenant is asked of that index: with its name and state, too, a plan that was made without
-- statistics may take jobs_by_name, and read the jobs of all tenants. So what it has of other products is read and left.

-- A store that jobs leave, or have left, does not know what it has of a tenant.
CREATE FUNCTION refuse_if_moved() RETURNS void LANGUAGE plpgsql STABLE SET search_path = jobs, pg_temp AS $$
DECLARE reason text := (SELECT why FROM move);
BEGIN
  IF reason IS NOT NULL THEN RAISE EXCEPTION '%', reason USING ERRCODE = 'object_not_in_prerequisite_state'; END IF;
END $$;

-- Jobs of one tenant and product, in any state but `running`, at most `most`, with their attempts, keys and turns. What of
-- another product waited for one of them never runs. Answers how many went and how many run; fewer than `most` went: no
-- more are left but those. A running one goes when this is called again after its end.
CREATE FUNCTION erase_tenant(of_product text, of_tenant uuid, most integer, OUT removed integer, OUT running integer)
LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE
  picked uuid[];
  gone uuid[];
BEGIN
  PERFORM refuse_if_moved();
  removed := 0;
  WHILE removed < most LOOP
    picked := ARRAY (
      SELECT id FROM jobs WHERE tenant_key = of_tenant AND split_part(name, '.', 1) = of_product AND state <> 'running'
      LIMIT most - removed);
    EXIT WHEN cardinality(picked) = 0;
    -- In one order, as whoever ends runs takes them. One that was claimed meanwhile is left to its run.
    PERFORM FROM jobs WHERE id = ANY (picked) ORDER BY id FOR UPDATE;
    WITH erased AS (DELETE FROM jobs WHERE id = ANY (picked) AND state <> 'running' RETURNING id)
      SELECT array_agg(id) INTO gone FROM erased;
    CONTINUE WHEN gone IS NULL;
    PERFORM settle(gone);
    removed := removed + cardinality(gone);
  END LOOP;
  DELETE FROM turns WHERE tenant_key = of_tenant AND split_part(name, '.', 1) = of_product;
  SELECT count(*) INTO running FROM jobs
    WHERE tenant_key = of_tenant AND split_part(name, '.', 1) = of_product AND state = 'running';
END $$;

CREATE FUNCTION count_tenant(of_product text, of_tenant uuid) RETURNS integer LANGUAGE plpgsql SET search_path = jobs, pg_temp SET enable_seqscan = off AS $$
BEGIN
  PERFORM refuse_if_moved();
  RETURN (SELECT count(*) FROM jobs WHERE tenant_key = of_tenant AND split_part(name, '.', 1) = of_product);
END $$;

REVOKE EXECUTE ON FUNCTION refuse_if_moved(), erase_tenant(text, uuid, integer), count_tenant(text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION refuse_if_moved(), erase_tenant(text, uuid, integer), count_tenant(text, uuid) TO jobs_runner;
