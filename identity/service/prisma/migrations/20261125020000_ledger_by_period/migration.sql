-- The period before the feature: an index that begins as that of keys and that of open reservations do is taken in their place
-- where statistics do not tell them apart, and then all that a tenant ever reserved of the feature is walked.
DROP INDEX reservations_ledger_idx;
CREATE INDEX reservations_ledger_idx ON reservations (tenant_id, period_start, feature, state, id);
