-- What ended within an hour is read once, by operations. Rows lie in the order they ended, so a block range index of a
-- few pages finds them, and costs the end of a run next to nothing.
CREATE INDEX attempts_ended ON attempts USING brin (ended_at) WITH (pages_per_range = 16, autosummarize = on);
