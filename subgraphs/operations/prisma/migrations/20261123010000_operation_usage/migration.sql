-- Operations that clients sent, without their values; by the SHA-256 of the document.
CREATE TABLE operations (
  signature text NOT NULL,
  operation_name text,
  document text NOT NULL,
  first_seen_at timestamptz(3) NOT NULL,
  last_seen_at timestamptz(3) NOT NULL,
  CONSTRAINT operations_pkey PRIMARY KEY (signature)
);
CREATE INDEX operations_last_seen_at_idx ON operations (last_seen_at);

-- Schema coordinates that an operation got in variables.
CREATE TABLE operation_inputs (
  signature text NOT NULL,
  coordinate text NOT NULL,
  last_seen_at timestamptz(3) NOT NULL,
  CONSTRAINT operation_inputs_pkey PRIMARY KEY (signature, coordinate),
  CONSTRAINT operation_inputs_signature_fkey FOREIGN KEY (signature) REFERENCES operations (signature) ON DELETE CASCADE
);

-- How often, by whom, within one hour; all tenants of a plan together. '' where the client or the plan is not known.
CREATE TABLE operation_hours (
  signature text NOT NULL,
  hour timestamptz(3) NOT NULL,
  client_name text NOT NULL,
  client_version text NOT NULL,
  plan text NOT NULL,
  count bigint NOT NULL,
  errors bigint NOT NULL,
  total_ms double precision NOT NULL,
  CONSTRAINT operation_hours_pkey PRIMARY KEY (signature, hour, client_name, client_version, plan),
  CONSTRAINT operation_hours_signature_fkey FOREIGN KEY (signature) REFERENCES operations (signature) ON DELETE CASCADE
);
CREATE INDEX operation_hours_hour_idx ON operation_hours (hour);

GRANT SELECT ON operations, operation_inputs, operation_hours TO operations_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON operations, operation_inputs, operation_hours TO operations_system;
