-- Pages of the ledger: of one feature and period, in one state, in the order of ids.
CREATE INDEX reservations_ledger_idx ON reservations (tenant_id, feature, period_start, state, id);
