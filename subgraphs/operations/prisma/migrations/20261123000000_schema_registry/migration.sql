-- Schemas by their SHA-256: a version names the texts it is made of, and most of them are those of the version before.
CREATE TABLE schema_texts (
  sha256 text NOT NULL,
  text text NOT NULL,
  CONSTRAINT schema_texts_pkey PRIMARY KEY (sha256)
);

-- A composed supergraph. Numbers count up without a gap, from 1.
CREATE TABLE schema_versions (
  number integer NOT NULL,
  supergraph_sha256 text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  created_by text NOT NULL,
  git_revision text,
  CONSTRAINT schema_versions_pkey PRIMARY KEY (number),
  CONSTRAINT schema_versions_supergraph_fkey FOREIGN KEY (supergraph_sha256) REFERENCES schema_texts (sha256)
);

-- What a version was composed of.
CREATE TABLE schema_version_subgraphs (
  version integer NOT NULL,
  name text NOT NULL,
  routing_url text NOT NULL,
  schema_sha256 text NOT NULL,
  CONSTRAINT schema_version_subgraphs_pkey PRIMARY KEY (version, name),
  CONSTRAINT schema_version_subgraphs_version_fkey FOREIGN KEY (version) REFERENCES schema_versions (number),
  CONSTRAINT schema_version_subgraphs_schema_fkey FOREIGN KEY (schema_sha256) REFERENCES schema_texts (sha256)
);

-- Which version was served from when on. The last one is the current one.
CREATE TABLE schema_publications (
  id uuid NOT NULL,
  position integer NOT NULL,
  version integer NOT NULL,
  kind text NOT NULL CHECK (kind IN ('publish', 'rollback')),
  at timestamptz(3) NOT NULL,
  by text NOT NULL,
  forced boolean NOT NULL,
  -- What stack check said, where it was passed over.
  findings text[] NOT NULL,
  reason text,
  -- False: the event that tells of it is still to be published.
  told boolean NOT NULL DEFAULT false,
  CONSTRAINT schema_publications_pkey PRIMARY KEY (id),
  CONSTRAINT schema_publications_position_key UNIQUE (position),
  CONSTRAINT schema_publications_version_fkey FOREIGN KEY (version) REFERENCES schema_versions (number)
);
CREATE INDEX schema_publications_untold_idx ON schema_publications (told, position);

-- Gateways that wait for the next version are woken.
CREATE FUNCTION schema_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('operations_schema', NEW.position::text);
  RETURN NULL;
END $$;
CREATE TRIGGER schema_published AFTER INSERT ON schema_publications FOR EACH ROW EXECUTE FUNCTION schema_published();

-- What is published is never changed and never removed: nobody is granted to, but for the mark that it was told of.
GRANT SELECT ON schema_texts, schema_versions, schema_version_subgraphs, schema_publications TO operations_app;
GRANT SELECT, INSERT ON schema_texts, schema_versions, schema_version_subgraphs, schema_publications TO operations_system;
GRANT UPDATE (told) ON schema_publications TO operations_system;
