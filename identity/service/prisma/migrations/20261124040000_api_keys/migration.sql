-- Every key ends, and is replaced by one at most.
UPDATE api_keys SET expires_at = stack_now() + interval '1 year' WHERE expires_at IS NULL;
ALTER TABLE api_keys ALTER COLUMN expires_at SET NOT NULL;
CREATE UNIQUE INDEX api_keys_tenant_id_replaces_key ON api_keys (tenant_id, replaces) WHERE replaces IS NOT NULL;
