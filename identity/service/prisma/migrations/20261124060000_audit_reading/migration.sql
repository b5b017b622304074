-- The audit is read by time, the newest first, whole or by what was done and by whom: each page is one range of an index.
DROP INDEX audit_events_tenant_id_action_sequence_idx;
CREATE INDEX audit_events_time_idx ON audit_events (tenant_id, occurred_at, sequence);
CREATE INDEX audit_events_action_idx ON audit_events (tenant_id, action, occurred_at, sequence);
CREATE INDEX audit_events_actor_idx ON audit_events (tenant_id, actor_id, occurred_at, sequence);
-- Refusals are few among many.
CREATE INDEX audit_events_refused_idx ON audit_events (tenant_id, occurred_at, sequence) WHERE outcome = 'refused';
