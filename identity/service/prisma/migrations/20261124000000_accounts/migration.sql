-- Accounts: what people do for themselves. Whoever is here already was vouched for by whoever made them.
ALTER TABLE users ADD COLUMN email_verified_at timestamptz(3);
UPDATE users SET email_verified_at = created_at;

-- A sign-up is no account yet: whoever cannot read the mailbox can neither take an address nor keep another from it.
CREATE TABLE sign_ups (
  id uuid NOT NULL,
  email text NOT NULL,
  token_hash bytea NOT NULL,
  password_hash text NOT NULL,
  display_name text NOT NULL,
  username text,
  tenant_slug text NOT NULL,
  tenant_name text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  expires_at timestamptz(3) NOT NULL,
  CONSTRAINT sign_ups_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX sign_ups_token_hash_key ON sign_ups (token_hash);
CREATE INDEX sign_ups_email_idx ON sign_ups (email);

-- What a link in a mail carries, once. `subject` is a user's id, or an invitation's; `email` the address it was sent to.
CREATE TABLE one_time_tokens (
  hash bytea NOT NULL,
  purpose text NOT NULL CHECK (purpose IN ('reset-password', 'change-email', 'invitation')),
  subject uuid NOT NULL,
  email text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  expires_at timestamptz(3) NOT NULL,
  used_at timestamptz(3),
  CONSTRAINT one_time_tokens_pkey PRIMARY KEY (hash)
);
CREATE INDEX one_time_tokens_purpose_subject_idx ON one_time_tokens (purpose, subject);

-- Sealed, because a mail may carry a link that works: a dump of the database opens no account.
CREATE TABLE mails (
  id uuid NOT NULL,
  recipient text NOT NULL,
  kind text NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  sent_at timestamptz(3),
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  failure text,
  CONSTRAINT mails_pkey PRIMARY KEY (id)
);
CREATE INDEX mails_created_at_idx ON mails (created_at);
CREATE INDEX mails_unsent_idx ON mails (next_attempt_at) WHERE sent_at IS NULL;

-- How often something was tried within a window, by the SHA-256 of what is counted: survives a restart, holds across
-- instances, and a dump names nobody.
CREATE TABLE throttles (
  key bytea NOT NULL,
  used integer NOT NULL,
  window_ends_at timestamptz(3) NOT NULL,
  CONSTRAINT throttles_pkey PRIMARY KEY (key)
);
CREATE INDEX throttles_window_ends_at_idx ON throttles (window_ends_at);

-- A device somebody signed in from before: the flood of others does not lock its owner out.
CREATE TABLE known_devices (
  user_id uuid NOT NULL,
  hash bytea NOT NULL,
  last_seen_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT known_devices_pkey PRIMARY KEY (user_id, hash),
  CONSTRAINT known_devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE
);

-- The second factor (RFC 6238). `last_step`: the time step of the code accepted last, so that none works twice.
CREATE TABLE totp_factors (
  user_id uuid NOT NULL,
  sealed_secret bytea NOT NULL,
  confirmed_at timestamptz(3),
  last_step bigint NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  locked_until timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT totp_factors_pkey PRIMARY KEY (user_id),
  CONSTRAINT totp_factors_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE recovery_codes (
  user_id uuid NOT NULL,
  hash bytea NOT NULL,
  used_at timestamptz(3),
  CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, hash),
  CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE
);
-- Half a sign-in: the password held, the second factor is asked for.
CREATE TABLE sign_in_challenges (
  hash bytea NOT NULL,
  user_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  device text,
  scopes text[],
  failures integer NOT NULL DEFAULT 0,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  expires_at timestamptz(3) NOT NULL,
  CONSTRAINT sign_in_challenges_pkey PRIMARY KEY (hash),
  CONSTRAINT sign_in_challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX sign_in_challenges_user_id_idx ON sign_in_challenges (user_id);

-- null: all that the person's roles allow.
ALTER TABLE sessions ADD COLUMN scopes text[];
ALTER TABLE sessions ADD COLUMN address text;
ALTER TABLE sessions ADD COLUMN last_seen_at timestamptz(3) NOT NULL DEFAULT stack_now();

GRANT SELECT, INSERT, UPDATE, DELETE ON sign_ups, one_time_tokens, mails, throttles, known_devices, totp_factors,
  recovery_codes, sign_in_challenges TO identity_system;

-- Tenants: what their administrators do.

CREATE TABLE tenant_roles (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  id uuid NOT NULL,
  name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9-]{1,30}$' AND name NOT IN ('owner', 'admin', 'member', 'viewer')),
  permissions text[] NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  updated_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT tenant_roles_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT tenant_roles_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX tenant_roles_tenant_id_name_key ON tenant_roles (tenant_id, name);
SELECT protect_tenant_table('tenant_roles');
REVOKE INSERT, UPDATE, DELETE ON tenant_roles FROM identity_app;

CREATE TABLE invitations (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  id uuid NOT NULL,
  email text NOT NULL,
  roles text[] NOT NULL,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'accepted', 'revoked')),
  invited_by uuid,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  expires_at timestamptz(3) NOT NULL,
  CONSTRAINT invitations_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT invitations_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE INDEX invitations_tenant_id_email_idx ON invitations (tenant_id, email);
SELECT protect_tenant_table('invitations');
REVOKE INSERT, UPDATE, DELETE ON invitations FROM identity_app;

-- The secret's hash is no business of the app role: it is granted the other columns.
CREATE TABLE api_keys (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  id uuid NOT NULL,
  name text NOT NULL,
  secret_hash bytea NOT NULL,
  scopes text[] NOT NULL,
  created_by uuid NOT NULL,
  allowed_ips text[] NOT NULL DEFAULT '{}',
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  last_used_at timestamptz(3),
  replaces uuid,
  CONSTRAINT api_keys_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT api_keys_membership_fkey FOREIGN KEY (tenant_id, created_by)
    REFERENCES memberships (tenant_id, user_id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX api_keys_id_idx ON api_keys (id);
CREATE INDEX api_keys_tenant_id_created_by_idx ON api_keys (tenant_id, created_by);
SELECT protect_tenant_table('api_keys');
REVOKE SELECT, INSERT, UPDATE, DELETE ON api_keys FROM identity_app;
GRANT SELECT (tenant_id, id, name, scopes, created_by, allowed_ips, created_at, expires_at, revoked_at, last_used_at, replaces)
  ON api_keys TO identity_app;

-- The audit: a hash chain per tenant, and one under the id of nobody for what happens in no tenant. A tenant's chain
-- outlives the tenant, so it has no foreign key.

CREATE TABLE audit_heads (
  tenant_id uuid NOT NULL,
  sequence bigint NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT audit_heads_pkey PRIMARY KEY (tenant_id)
);
GRANT SELECT, INSERT, UPDATE ON audit_heads TO identity_system;

-- `record` is canonical JSON (RFC 8785), and all that the hash is taken over beside the one before; what is looked for is
-- generated from it, so that the two cannot say different things.
CREATE TABLE audit_events (
  tenant_id uuid NOT NULL,
  sequence bigint NOT NULL,
  id uuid NOT NULL,
  occurred_at timestamptz(3) NOT NULL,
  record text NOT NULL,
  hash bytea NOT NULL,
  action text NOT NULL GENERATED ALWAYS AS ((record::jsonb) ->> 'action') STORED,
  outcome text NOT NULL GENERATED ALWAYS AS ((record::jsonb) ->> 'outcome') STORED,
  actor_id text GENERATED ALWAYS AS ((record::jsonb) -> 'actor' ->> 'id') STORED,
  CONSTRAINT audit_events_pkey PRIMARY KEY (tenant_id, sequence)
);
CREATE UNIQUE INDEX audit_events_tenant_id_id_key ON audit_events (tenant_id, id);
CREATE INDEX audit_events_tenant_id_action_sequence_idx ON audit_events (tenant_id, action, sequence);
SELECT protect_tenant_table('audit_events');
-- Append-only: nobody but the schema's owner could change or remove what is there.
REVOKE INSERT, UPDATE, DELETE ON audit_events FROM identity_app;
REVOKE UPDATE, DELETE ON audit_events FROM identity_system;

-- Names, addresses and the like of an event, which may have to be erased: the record holds a salted hash of them, and the
-- salt goes with them.
CREATE TABLE audit_personal (
  tenant_id uuid NOT NULL,
  event_id uuid NOT NULL,
  user_id uuid,
  salt bytea NOT NULL,
  data jsonb NOT NULL,
  CONSTRAINT audit_personal_pkey PRIMARY KEY (tenant_id, event_id)
);
CREATE INDEX audit_personal_user_id_idx ON audit_personal (user_id);
SELECT protect_tenant_table('audit_personal');
REVOKE INSERT, UPDATE, DELETE ON audit_personal FROM identity_app;
REVOKE UPDATE ON audit_personal FROM identity_system;
