-- Expiry asks for open reservations only, of one feature or of all; the settled ones, nearly all rows, need no entry.
CREATE INDEX reservations_open_idx ON reservations (tenant_id, feature, expires_at) WHERE state = 'reserved';
DROP INDEX reservations_tenant_id_feature_state_expires_at_idx;
