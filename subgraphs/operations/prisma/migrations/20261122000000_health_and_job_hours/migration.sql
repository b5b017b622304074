-- One part of the stack for as long as it was ready, or was not: a history in few rows.
CREATE TABLE health_periods (
  id uuid NOT NULL,
  part text NOT NULL,
  ready boolean NOT NULL,
  -- What it said last; null where it is ready.
  reason text,
  since timestamptz(3) NOT NULL,
  last_seen_at timestamptz(3) NOT NULL,
  checks integer NOT NULL,
  -- False: it began with a change that is still to be published.
  told boolean NOT NULL,
  CONSTRAINT health_periods_pkey PRIMARY KEY (id)
);
CREATE INDEX health_periods_part_id_idx ON health_periods (part, id);
CREATE INDEX health_periods_last_seen_at_idx ON health_periods (last_seen_at);

-- Runs that ended within the hour, all tenants together; milliseconds.
CREATE TABLE job_hours (
  hour timestamptz(3) NOT NULL,
  name text NOT NULL,
  succeeded integer NOT NULL,
  skipped integer NOT NULL,
  failed integer NOT NULL,
  postponed integer NOT NULL,
  interrupted integer NOT NULL,
  lost integer NOT NULL,
  cancelled integer NOT NULL,
  dead integer NOT NULL,
  average_ms double precision,
  longest_ms double precision,
  longest_delay_ms double precision,
  CONSTRAINT job_hours_pkey PRIMARY KEY (hour, name)
);

-- No tenant has anything in either: nobody but the system role writes them.
GRANT SELECT ON health_periods, job_hours TO operations_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON health_periods, job_hours TO operations_system;
