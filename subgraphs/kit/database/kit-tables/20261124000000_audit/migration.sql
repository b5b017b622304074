-- What a mutation did, on its way to the chains that core-identity keeps: it leaves with the relay, as events and jobs do.
ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_kind_check CHECK (kind IN ('event', 'job', 'audit'));
-- A product speaks of its own mutations alone.
ALTER TABLE outbox ADD CONSTRAINT own_audit CHECK (kind <> 'audit' OR split_part(name, '.', 1) = '{{product}}');

-- Work of no tenant leaves a record too, under the id of nobody: the only one it may write, and no tenant's work may.
DROP POLICY tenant_only ON outbox;
CREATE POLICY tenant_only ON outbox AS RESTRICTIVE TO {{product}}_app
  USING (tenant_id = {{product}}.current_tenant())
  WITH CHECK (tenant_id = {{product}}.current_tenant()
    OR (kind = 'audit' AND tenant_id = '00000000-0000-0000-0000-000000000000' AND {{product}}.current_tenant() IS NULL));

-- The relay sends each kind for itself: while one of them finds nobody to take it, the others do not read past it.
CREATE INDEX outbox_unsent_of_kind ON outbox (kind, sequence) WHERE sent_at IS NULL AND refused IS NULL;
DROP INDEX outbox_unsent;

-- Nobody waits for the audit: it is fetched every second, and no mutation pays for a notification.
DROP TRIGGER wake_relay ON outbox;
CREATE TRIGGER wake_relay AFTER INSERT ON outbox FOR EACH ROW WHEN (NEW.kind <> 'audit') EXECUTE FUNCTION wake_relay();
