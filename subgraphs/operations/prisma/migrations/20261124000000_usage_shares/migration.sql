-- Operations that only callers of no tenant sent have a share of their own: they crowd out none that tenants sent.
ALTER TABLE operations ADD COLUMN sent_for_tenants boolean NOT NULL DEFAULT true;
UPDATE operations o SET sent_for_tenants = EXISTS (
  SELECT FROM operation_hours h WHERE h.signature = o.signature AND h.plan <> ''
);
ALTER TABLE operations ALTER COLUMN sent_for_tenants DROP DEFAULT;
CREATE INDEX operations_sent_for_tenants_last_seen_at_idx ON operations (sent_for_tenants, last_seen_at);

-- Until when operations were sent of which nothing is known any more, for want of room. One row, or none.
CREATE TABLE usage_left_out (
  is_only boolean NOT NULL DEFAULT true CHECK (is_only),
  last_seen_at timestamptz(3) NOT NULL,
  CONSTRAINT usage_left_out_pkey PRIMARY KEY (is_only)
);

GRANT SELECT ON usage_left_out TO operations_app;
GRANT SELECT, INSERT, UPDATE ON usage_left_out TO operations_system;
