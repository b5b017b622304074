-- What a job record carries beside its payload: { "trace", "onceKey", "priority", "after" }. Empty for events.
ALTER TABLE outbox ADD COLUMN options jsonb NOT NULL DEFAULT '{}';
-- null: at once. A time of this schema's clock would be judged by the job store's.
ALTER TABLE outbox ALTER COLUMN run_at DROP DEFAULT, ALTER COLUMN run_at DROP NOT NULL;
