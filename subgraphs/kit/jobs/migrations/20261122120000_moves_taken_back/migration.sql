-- What taking a move back needs, and would not find out by itself.

ALTER TABLE move
  -- Of a source: jobs that the other store had already, and has alone now.
  ADD COLUMN doubles uuid[] NOT NULL DEFAULT '{}',
  -- Of a target: the mark it had before, as of a store that was left.
  ADD COLUMN before jsonb;
