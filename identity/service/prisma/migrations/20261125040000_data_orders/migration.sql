-- Exports and erasures. A row holds ids alone. That of an erasure stays when what it names is gone: it is what shows that;
-- that of an export goes with its archive.
CREATE TABLE data_orders (
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('export', 'erase')),
  -- One of them: everything of a tenant, or what is one person's in all of theirs.
  tenant_id uuid,
  user_id uuid,
  -- null: an operator.
  asked_by uuid,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  -- Nothing is erased before.
  due_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  -- open: products have parts to do; done: the archive can be fetched, nothing is left to erase; over: not any more, or never.
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'over')),
  ended_at timestamptz(3),
  -- Of a tenant to erase, for whoever keeps it after all.
  status_before text CHECK (status_before IN ('active', 'suspended')),
  -- Of an archive.
  manifest_sha256 bytea,
  expires_at timestamptz(3),
  CONSTRAINT data_orders_pkey PRIMARY KEY (id),
  CONSTRAINT data_orders_of_one CHECK ((tenant_id IS NULL) <> (user_id IS NULL))
);
CREATE UNIQUE INDEX data_orders_open_key ON data_orders (kind, coalesce(tenant_id, user_id)) WHERE state = 'open';
CREATE INDEX data_orders_tenant_id_idx ON data_orders (tenant_id);
CREATE INDEX data_orders_user_id_idx ON data_orders (user_id);

-- What each product does of an order, in each tenant it is about.
CREATE TABLE data_parts (
  order_id uuid NOT NULL,
  product text NOT NULL,
  tenant_id uuid NOT NULL,
  done_at timestamptz(3),
  rows bigint NOT NULL DEFAULT 0,
  files bigint NOT NULL DEFAULT 0,
  jobs bigint NOT NULL DEFAULT 0,
  -- Of an export: the SHA-256 of the list of its files.
  index_sha256 bytea,
  CONSTRAINT data_parts_pkey PRIMARY KEY (order_id, product, tenant_id),
  CONSTRAINT data_parts_order_id_fkey FOREIGN KEY (order_id) REFERENCES data_orders (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX data_parts_open_idx ON data_parts (product, order_id) WHERE done_at IS NULL;

-- What archives are signed with. None is ever removed: an archive is verified years later.
CREATE TABLE archive_keys (
  kid text NOT NULL,
  public_jwk jsonb NOT NULL,
  sealed_private bytea NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT archive_keys_pkey PRIMARY KEY (kid)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON data_orders, data_parts TO identity_system;
GRANT SELECT, INSERT ON archive_keys TO identity_system;

-- Where somebody else did something to a person, the person is named by these.
CREATE INDEX audit_personal_email_idx ON audit_personal ((data ->> 'email')) WHERE data ->> 'email' IS NOT NULL;
CREATE INDEX audit_personal_before_idx ON audit_personal ((data ->> 'before')) WHERE data ->> 'before' IS NOT NULL;
CREATE INDEX audit_personal_login_idx ON audit_personal ((data ->> 'login')) WHERE data ->> 'login' IS NOT NULL;
