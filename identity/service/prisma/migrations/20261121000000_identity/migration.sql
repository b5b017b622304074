-- Read by the app role: what a member of the tenant may see, and nothing else.

CREATE TABLE plans (
  name text NOT NULL,
  title text NOT NULL,
  CONSTRAINT plans_pkey PRIMARY KEY (name)
);
CREATE TABLE plan_features (
  plan text NOT NULL,
  feature text NOT NULL,
  definition jsonb NOT NULL CHECK (
    CASE definition ->> 'kind'
      WHEN 'boolean' THEN jsonb_typeof(definition -> 'enabled') = 'boolean'
      WHEN 'static' THEN definition ? 'value'
      WHEN 'metered' THEN (definition ->> 'limit')::bigint >= 0 AND definition ->> 'per' IN ('day', 'month')
      ELSE false
    END),
  CONSTRAINT plan_features_pkey PRIMARY KEY (plan, feature),
  CONSTRAINT plan_features_plan_fkey FOREIGN KEY (plan) REFERENCES plans (name) ON DELETE RESTRICT ON UPDATE CASCADE
);
GRANT SELECT ON plans, plan_features TO identity_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON plans, plan_features TO identity_system;

INSERT INTO plans (name, title) VALUES ('free', 'Free'), ('pro', 'Pro'), ('enterprise', 'Enterprise');
INSERT INTO plan_features (plan, feature, definition) VALUES
  ('free', 'starter.notes', '{"kind": "metered", "limit": 10000, "per": "month"}'),
  ('pro', 'starter.notes', '{"kind": "metered", "limit": 100000, "per": "month"}'),
  ('enterprise', 'starter.notes', '{"kind": "metered", "limit": 10000000, "per": "month"}'),
  ('free', 'identity.custom-roles', '{"kind": "boolean", "enabled": false}'),
  ('pro', 'identity.custom-roles', '{"kind": "boolean", "enabled": true}'),
  ('enterprise', 'identity.custom-roles', '{"kind": "boolean", "enabled": true}'),
  ('free', 'support.response', '{"kind": "static", "value": {"hours": 72}}'),
  ('pro', 'support.response', '{"kind": "static", "value": {"hours": 24}}'),
  ('enterprise', 'support.response', '{"kind": "static", "value": {"hours": 4}}');

CREATE TABLE tenants (
  id uuid NOT NULL,
  slug text NOT NULL CHECK (slug ~ '^[a-z][a-z0-9-]{1,30}$'),
  name text NOT NULL,
  plan text NOT NULL DEFAULT 'free',
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'deleting')),
  settings jsonb NOT NULL DEFAULT '{}',
  region text NOT NULL DEFAULT 'local',
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  updated_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT tenants_pkey PRIMARY KEY (id),
  CONSTRAINT tenants_plan_fkey FOREIGN KEY (plan) REFERENCES plans (name) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX tenants_slug_key ON tenants (slug);
SELECT protect_tenant_table('tenants', 'id');
REVOKE INSERT, UPDATE, DELETE ON tenants FROM identity_app;

-- A person belongs to no tenant, and to several: who may see them is said by their memberships.
CREATE TABLE users (
  id uuid NOT NULL,
  email text NOT NULL,
  username text CHECK (username !~ '@'),
  display_name text NOT NULL,
  platform_admin boolean NOT NULL DEFAULT false,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  updated_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT users_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX users_email_key ON users (email);
CREATE UNIQUE INDEX users_username_key ON users (username);

CREATE TABLE memberships (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  roles text[] NOT NULL,
  -- Of a former member the row stays: the tenant's records name them as author.
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'ended')),
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  updated_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT memberships_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT memberships_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX memberships_tenant_id_user_id_key ON memberships (tenant_id, user_id);
CREATE INDEX memberships_user_id_idx ON memberships (user_id);
SELECT protect_tenant_table('memberships');
REVOKE INSERT, UPDATE, DELETE ON memberships FROM identity_app;

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_only ON users AS RESTRICTIVE TO identity_app
  USING (EXISTS (SELECT FROM memberships m WHERE m.user_id = users.id AND m.tenant_id = current_tenant()))
  WITH CHECK (EXISTS (SELECT FROM memberships m WHERE m.user_id = users.id AND m.tenant_id = current_tenant()));
CREATE POLICY app_rows ON users TO identity_app USING (true) WITH CHECK (true);
CREATE POLICY owner_rows ON users TO identity_owner USING (true) WITH CHECK (true);
CREATE POLICY system_rows ON users TO identity_system USING (true) WITH CHECK (true);
GRANT SELECT (id, email, username, display_name, created_at, updated_at) ON users TO identity_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON users TO identity_system;

-- Reached by the system role alone: the app role has no grant on anything below.

CREATE TABLE credentials (
  user_id uuid NOT NULL,
  password_hash text NOT NULL,
  changed_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT credentials_pkey PRIMARY KEY (user_id),
  CONSTRAINT credentials_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE sessions (
  id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  device text,
  amr text[] NOT NULL,
  auth_time timestamptz(3) NOT NULL DEFAULT stack_now(),
  expires_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3),
  CONSTRAINT sessions_pkey PRIMARY KEY (id),
  CONSTRAINT sessions_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id)
    REFERENCES memberships (tenant_id, user_id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_tenant_id_user_id_idx ON sessions (tenant_id, user_id);

-- A session is the family of its refresh tokens; the generation counts their rotations.
CREATE TABLE refresh_tokens (
  hash bytea NOT NULL,
  session_id uuid NOT NULL,
  generation integer NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  expires_at timestamptz(3) NOT NULL,
  spent_at timestamptz(3),
  CONSTRAINT refresh_tokens_pkey PRIMARY KEY (hash),
  CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX refresh_tokens_session_id_generation_key ON refresh_tokens (session_id, generation);

-- The balance: what is used up and what is held by open reservations. The reservations are its ledger.
CREATE TABLE usage_counters (
  tenant_id uuid NOT NULL,
  feature text NOT NULL,
  period_start timestamptz(3) NOT NULL,
  used bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
  held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
  CONSTRAINT usage_counters_pkey PRIMARY KEY (tenant_id, feature, period_start),
  CONSTRAINT usage_counters_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE reservations (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  feature text NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  actual bigint CHECK (actual BETWEEN 0 AND amount),
  state text NOT NULL DEFAULT 'reserved' CHECK (state IN ('reserved', 'committed', 'released', 'expired')),
  idempotency_key text NOT NULL,
  period_start timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  expires_at timestamptz(3) NOT NULL,
  settled_at timestamptz(3),
  CONSTRAINT reservations_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT reservations_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX reservations_tenant_id_feature_idempotency_key_key ON reservations (tenant_id, feature, idempotency_key);
CREATE INDEX reservations_tenant_id_feature_state_expires_at_idx ON reservations (tenant_id, feature, state, expires_at);

CREATE TABLE signing_keys (
  kid text NOT NULL,
  state text NOT NULL CHECK (state IN ('next', 'current', 'retired')),
  public_jwk jsonb NOT NULL,
  sealed_private bytea NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  retired_at timestamptz(3),
  CONSTRAINT signing_keys_pkey PRIMARY KEY (kid)
);
-- One current key and one next: two processes that start at once agree on the first.
CREATE UNIQUE INDEX signing_keys_one_of_a_kind ON signing_keys (state) WHERE state <> 'retired';

CREATE TABLE context_keys (
  kid text NOT NULL,
  public_jwk jsonb NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  CONSTRAINT context_keys_pkey PRIMARY KEY (kid)
);
CREATE TABLE service_credentials (
  kid text NOT NULL,
  service text NOT NULL,
  public_jwk jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT service_credentials_pkey PRIMARY KEY (kid)
);

-- Position 1 is "nothing revoked yet", so that a reader at 0 always gets an answer at once.
CREATE TABLE revocation_head (
  only_row boolean NOT NULL DEFAULT true CHECK (only_row),
  sequence bigint NOT NULL,
  CONSTRAINT revocation_head_pkey PRIMARY KEY (only_row)
);
INSERT INTO revocation_head (sequence) VALUES (1);
CREATE TABLE revocations (
  sequence bigint NOT NULL,
  subject text NOT NULL CHECK (subject IN ('session', 'user', 'tenant', 'membership', 'apiKey', 'entitlements')),
  id text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT revocations_pkey PRIMARY KEY (sequence)
);
CREATE INDEX revocations_created_at_idx ON revocations (created_at);

CREATE TABLE settings (
  key text NOT NULL,
  value jsonb NOT NULL,
  CONSTRAINT settings_pkey PRIMARY KEY (key)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON credentials, sessions, refresh_tokens, usage_counters, reservations, signing_keys,
  context_keys, service_credentials, revocation_head, revocations, settings TO identity_system;
