-- What a tenant has beside its plan. Overrides, grants and voids say what was decided, and stay as they were written.

-- The row of the highest version holds until it expires; `definition` null: the plan's own again.
CREATE TABLE feature_overrides (
  tenant_id uuid NOT NULL,
  feature text NOT NULL,
  version integer NOT NULL,
  definition jsonb CHECK (
    definition IS NULL OR CASE definition ->> 'kind'
      WHEN 'boolean' THEN jsonb_typeof(definition -> 'enabled') = 'boolean'
      WHEN 'static' THEN definition ? 'value'
      WHEN 'metered' THEN (definition ->> 'limit')::bigint >= 0 AND definition ->> 'per' IN ('day', 'month')
      ELSE false
    END),
  reason text NOT NULL,
  author uuid,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  expires_at timestamptz(3),
  CONSTRAINT feature_overrides_pkey PRIMARY KEY (tenant_id, feature, version),
  CONSTRAINT feature_overrides_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX feature_overrides_expires_at_idx ON feature_overrides (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE feature_grants (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  feature text NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  priority integer NOT NULL,
  source text NOT NULL,
  author uuid,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  expires_at timestamptz(3),
  CONSTRAINT feature_grants_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT feature_grants_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX feature_grants_tenant_id_feature_idx ON feature_grants (tenant_id, feature);
CREATE TABLE feature_grant_voids (
  tenant_id uuid NOT NULL,
  grant_id uuid NOT NULL,
  reason text NOT NULL,
  author uuid,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT feature_grant_voids_pkey PRIMARY KEY (tenant_id, grant_id),
  CONSTRAINT feature_grant_voids_grant_fkey FOREIGN KEY (tenant_id, grant_id)
    REFERENCES feature_grants (tenant_id, id) ON DELETE CASCADE ON UPDATE CASCADE
);

-- What is left of a grant; `reservation_grants` is its ledger. `voided` stands here as well, because what is locked is read
-- in its latest version, and a void beside it would not be.
CREATE TABLE feature_grant_balances (
  tenant_id uuid NOT NULL,
  grant_id uuid NOT NULL,
  used bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
  held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
  voided boolean NOT NULL DEFAULT false,
  CONSTRAINT feature_grant_balances_pkey PRIMARY KEY (tenant_id, grant_id),
  CONSTRAINT feature_grant_balances_grant_fkey FOREIGN KEY (tenant_id, grant_id)
    REFERENCES feature_grants (tenant_id, id) ON DELETE CASCADE ON UPDATE CASCADE
);

-- Of which grants a reservation took how much, in the order in which it burns them; `actual` null: it is open. Kept for as
-- long as the grant, which outlives periods, hence without a reference to the reservation.
CREATE TABLE reservation_grants (
  tenant_id uuid NOT NULL,
  reservation_id uuid NOT NULL,
  grant_id uuid NOT NULL,
  position integer NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  actual bigint CHECK (actual BETWEEN 0 AND amount),
  CONSTRAINT reservation_grants_pkey PRIMARY KEY (tenant_id, reservation_id, grant_id),
  CONSTRAINT reservation_grants_grant_fkey FOREIGN KEY (tenant_id, grant_id)
    REFERENCES feature_grants (tenant_id, id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX reservation_grants_grant_idx ON reservation_grants (tenant_id, grant_id);

-- How much of a reservation came from grants; `used` and `held` of a counter are the quota's, these two the grants'.
ALTER TABLE reservations ADD COLUMN granted bigint NOT NULL DEFAULT 0 CHECK (granted BETWEEN 0 AND amount);
ALTER TABLE usage_counters ADD COLUMN granted_used bigint NOT NULL DEFAULT 0 CHECK (granted_used >= 0);
ALTER TABLE usage_counters ADD COLUMN granted_held bigint NOT NULL DEFAULT 0 CHECK (granted_held >= 0);

-- A reservation has a counter, which refers to its tenant. To check it again with every reservation means to lock the tenant's
-- row in shares, which those who reserve at the same time would have to note down for each other.
ALTER TABLE reservations DROP CONSTRAINT reservations_tenant_id_fkey;

GRANT SELECT, INSERT ON feature_overrides, feature_grants, feature_grant_voids TO identity_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON feature_grant_balances, reservation_grants TO identity_system;
