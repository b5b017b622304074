-- When a key began to sign: its age is counted from then, not from when it was published.
ALTER TABLE signing_keys ADD COLUMN current_since timestamptz(3);
UPDATE signing_keys SET current_since = created_at WHERE state = 'current';

-- A withdrawn key. Unlike what else the feed tells, it is never forgotten: who has the key can make a token of any date.
ALTER TABLE revocations DROP CONSTRAINT revocations_subject_check;
ALTER TABLE revocations ADD CONSTRAINT revocations_subject_check
  CHECK (subject IN ('session', 'user', 'tenant', 'membership', 'apiKey', 'entitlements', 'signingKey'));
