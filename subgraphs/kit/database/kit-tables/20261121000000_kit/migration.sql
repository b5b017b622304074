-- What every product's schema has before its own tables. {{product}} is the schema; its roles are
-- {{product}}_owner, {{product}}_app and {{product}}_system.

-- The one source of time in SQL. Tests move the offset; nobody else may write it.
CREATE TABLE clock (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), ahead interval NOT NULL DEFAULT '0');
INSERT INTO clock DEFAULT VALUES;

CREATE FUNCTION stack_now() RETURNS timestamptz LANGUAGE sql STABLE
  AS $$ SELECT now() + (SELECT ahead FROM {{product}}.clock) $$;

-- Empty and unset are both "no tenant": no row can be reached.
CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('stack.tenant_id', true), '')::uuid $$;

-- Call it once for each tenant table, in the migration that creates it. The RESTRICTIVE policy names the app role
-- alone: with FORCE and no policy of their own, the owner's backfills would update 0 rows, silently.
CREATE FUNCTION protect_tenant_table(target regclass, tenant_column name DEFAULT 'tenant_id') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY tenant_only ON %s AS RESTRICTIVE TO {{product}}_app USING (%I = {{product}}.current_tenant()) WITH CHECK (%I = {{product}}.current_tenant())', target, tenant_column, tenant_column);
  EXECUTE format('CREATE POLICY app_rows ON %s TO {{product}}_app USING (true) WITH CHECK (true)', target);
  EXECUTE format('CREATE POLICY owner_rows ON %s TO {{product}}_owner USING (true) WITH CHECK (true)', target);
  EXECUTE format('CREATE POLICY system_rows ON %s TO {{product}}_system USING (true) WITH CHECK (true)', target);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO {{product}}_app, {{product}}_system', target);
END $$;

-- Events and jobs, written in the transaction of the rows they speak of. The relay sends what has no sent_at.
CREATE TABLE outbox (
  id uuid NOT NULL,
  sequence bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id uuid NOT NULL DEFAULT {{product}}.current_tenant(),
  kind text NOT NULL CHECK (kind IN ('event', 'job')),
  -- As long as the job store takes: what it refused would stop everything behind it.
  name text NOT NULL CHECK (length(name) <= 255),
  aggregate text NOT NULL,
  payload jsonb NOT NULL,
  correlation_id text NOT NULL,
  run_at timestamptz NOT NULL DEFAULT {{product}}.stack_now(),
  created_at timestamptz NOT NULL DEFAULT {{product}}.stack_now(),
  sent_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX outbox_unsent ON outbox (sequence) WHERE sent_at IS NULL;
SELECT protect_tenant_table('outbox');
-- A resolver writes records and never reads or changes them.
REVOKE SELECT, UPDATE, DELETE ON outbox FROM {{product}}_app;

CREATE FUNCTION wake_relay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('outbox', '{{product}}'); RETURN NULL; END $$;
CREATE TRIGGER wake_relay AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION wake_relay();

GRANT SELECT ON clock TO {{product}}_app, {{product}}_system;
