-- What gateways answered, by the minute and once more by the hour: of all tenants together, without values. `at` is the
-- beginning. Of a histogram, `counts` has how many are in each of `buckets`. Milliseconds.
CREATE TABLE traffic_requests (
  span text NOT NULL CHECK (span IN ('minute', 'hour')),
  at timestamptz(3) NOT NULL,
  answered bigint NOT NULL,
  errors bigint NOT NULL,
  refused bigint NOT NULL,
  failed bigint NOT NULL,
  left_early bigint NOT NULL,
  -- Requests that a gateway could not tell of, told in this minute.
  lost bigint NOT NULL,
  total_ms double precision NOT NULL,
  max_ms double precision NOT NULL,
  buckets integer[] NOT NULL,
  counts bigint[] NOT NULL,
  CONSTRAINT traffic_requests_pkey PRIMARY KEY (span, at)
);

-- By the SHA-256 of the document; '': all that are not told apart.
CREATE TABLE traffic_operations (
  span text NOT NULL,
  at timestamptz(3) NOT NULL,
  signature text NOT NULL,
  for_tenants boolean NOT NULL,
  name text,
  count bigint NOT NULL,
  errors bigint NOT NULL,
  refused bigint NOT NULL,
  cost double precision NOT NULL,
  total_ms double precision NOT NULL,
  max_ms double precision NOT NULL,
  buckets integer[] NOT NULL,
  counts bigint[] NOT NULL,
  CONSTRAINT traffic_operations_pkey PRIMARY KEY (span, at, signature, for_tenants)
);

CREATE TABLE traffic_subgraphs (
  span text NOT NULL,
  at timestamptz(3) NOT NULL,
  subgraph text NOT NULL,
  fetches bigint NOT NULL,
  failed bigint NOT NULL,
  shared bigint NOT NULL,
  bytes double precision NOT NULL,
  total_ms double precision NOT NULL,
  max_ms double precision NOT NULL,
  buckets integer[] NOT NULL,
  counts bigint[] NOT NULL,
  CONSTRAINT traffic_subgraphs_pkey PRIMARY KEY (span, at, subgraph)
);

-- Which operation fetched what from where; type '': fields of the root.
CREATE TABLE traffic_fetches (
  span text NOT NULL,
  at timestamptz(3) NOT NULL,
  signature text NOT NULL,
  for_tenants boolean NOT NULL,
  subgraph text NOT NULL,
  type text NOT NULL,
  fetches bigint NOT NULL,
  entities bigint NOT NULL,
  CONSTRAINT traffic_fetches_pkey PRIMARY KEY (span, at, signature, for_tenants, subgraph, type)
);

-- Who told it: a batch that comes twice is counted once.
CREATE TABLE traffic_gateways (
  id uuid NOT NULL,
  -- Of its last batch.
  number bigint NOT NULL,
  last_seen_at timestamptz(3) NOT NULL,
  CONSTRAINT traffic_gateways_pkey PRIMARY KEY (id)
);
CREATE INDEX traffic_gateways_last_seen_at_idx ON traffic_gateways (last_seen_at);

-- No tenant has anything in them: nobody but the system role writes them.
GRANT SELECT ON traffic_requests, traffic_operations, traffic_subgraphs, traffic_fetches, traffic_gateways
  TO operations_app;
GRANT SELECT, INSERT, UPDATE, DELETE
  ON traffic_requests, traffic_operations, traffic_subgraphs, traffic_fetches, traffic_gateways TO operations_system;
