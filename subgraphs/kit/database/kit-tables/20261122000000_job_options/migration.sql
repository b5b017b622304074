-- What a job record carries beside its payload: { "trace", "onceKey", "priority", "after" }. Empty for events.
ALTER TABLE outbox ADD COLUMN options jsonb NOT NULL DEFAULT '{}';
-- null: at once. A time of this schema's clock would be judged by the job store's.
ALTER TABLE outbox ALTER COLUMN run_at DROP DEFAULT, ALTER COLUMN run_at DROP NOT NULL;
-- A product enqueues its own jobs. The store refuses other names, and what it refuses waits here.
ALTER TABLE outbox ADD CONSTRAINT own_jobs CHECK (kind <> 'job' OR (split_part(name, '.', 1) = '{{product}}' AND name ~ '^[a-z0-9._-]+$'));
-- Why the store will not take a record: it does not stand before the others.
ALTER TABLE outbox ADD COLUMN refused text;
