-- So that no update forgets it. The schema is named: whoever fires it may look elsewhere first.
CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := platformforge.stack_now();
  RETURN NEW;
END $$;

CREATE TABLE platforms (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  id uuid NOT NULL,
  name text NOT NULL,
  slug text NOT NULL CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 60),
  template text NOT NULL,
  parameters jsonb NOT NULL,
  status text NOT NULL DEFAULT 'QUEUED' CHECK (status IN ('QUEUED', 'GENERATING', 'READY', 'FAILED', 'EXPIRED', 'ARCHIVED')),
  failure_reason text,
  generation_id uuid NOT NULL,
  artifact_id uuid,
  artifact_bytes integer,
  artifact_sha256 text CHECK (artifact_sha256 ~ '^[0-9a-f]{64}$'),
  artifact_deployment text CHECK (artifact_deployment IN ('internal', 'customer')),
  expires_at timestamptz(3),
  created_by uuid NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  updated_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT platforms_pkey PRIMARY KEY (tenant_id, id),
  -- A platform has an artifact, wholly, or none.
  CONSTRAINT platforms_artifact CHECK (num_nonnulls(artifact_id, artifact_bytes, artifact_sha256, artifact_deployment, expires_at) IN (0, 5)),
  CONSTRAINT platforms_ready CHECK (status <> 'READY' OR artifact_id IS NOT NULL)
);
CREATE UNIQUE INDEX platforms_tenant_id_slug_key ON platforms (tenant_id, slug);
CREATE INDEX platforms_tenant_id_status_id_idx ON platforms (tenant_id, status, id);
CREATE INDEX platforms_tenant_id_template_id_idx ON platforms (tenant_id, template, id);
CREATE INDEX platforms_tenant_id_created_by_id_idx ON platforms (tenant_id, created_by, id);
-- The list as people see it first, however many are put away.
CREATE INDEX platforms_not_archived ON platforms (tenant_id, id) WHERE status <> 'ARCHIVED';
CREATE TRIGGER platforms_updated BEFORE UPDATE ON platforms FOR EACH ROW EXECUTE FUNCTION set_updated_at();
SELECT protect_tenant_table('platforms');

-- No foreign key to platforms: a generation outlives its platform, because the quota's ledger is compared with it.
CREATE TABLE generations (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  id uuid NOT NULL,
  platform_id uuid NOT NULL,
  template text NOT NULL,
  state text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
  reservation_id uuid NOT NULL,
  failure_reason text,
  artifact_bytes integer,
  requested_by uuid NOT NULL,
  queued_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  started_at timestamptz(3),
  ended_at timestamptz(3),
  settled_at timestamptz(3),
  CONSTRAINT generations_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT generations_ended CHECK ((ended_at IS NOT NULL) = (state IN ('SUCCEEDED', 'FAILED', 'CANCELLED')))
);
CREATE INDEX generations_tenant_id_platform_id_id_idx ON generations (tenant_id, platform_id, id);
CREATE INDEX generations_tenant_id_ended_at_idx ON generations (tenant_id, ended_at);
CREATE INDEX generations_unsettled ON generations (tenant_id, id) WHERE settled_at IS NULL;
SELECT protect_tenant_table('generations');

CREATE TABLE templates (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  id uuid NOT NULL,
  name text NOT NULL,
  manifest jsonb NOT NULL,
  sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  size_bytes integer NOT NULL,
  file_count integer NOT NULL,
  created_by uuid NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  updated_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT templates_pkey PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX templates_tenant_id_name_key ON templates (tenant_id, name);
CREATE TRIGGER templates_updated BEFORE UPDATE ON templates FOR EACH ROW EXECUTE FUNCTION set_updated_at();
SELECT protect_tenant_table('templates');

CREATE TABLE settings (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  keep_days integer NOT NULL CHECK (keep_days BETWEEN 1 AND 3650),
  updated_by uuid NOT NULL,
  updated_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT settings_pkey PRIMARY KEY (tenant_id)
);
CREATE TRIGGER settings_updated BEFORE UPDATE ON settings FOR EACH ROW EXECUTE FUNCTION set_updated_at();
SELECT protect_tenant_table('settings');

CREATE TABLE usage_hours (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  hour timestamptz(3) NOT NULL,
  generated integer NOT NULL,
  failed integer NOT NULL,
  duration_ms bigint NOT NULL,
  stored_bytes bigint NOT NULL,
  platforms integer NOT NULL,
  CONSTRAINT usage_hours_pkey PRIMARY KEY (tenant_id, hour)
);
SELECT protect_tenant_table('usage_hours');

CREATE TABLE health_checks (
  id uuid NOT NULL,
  part text NOT NULL,
  ready boolean NOT NULL,
  reason text,
  duration_ms integer NOT NULL,
  checked_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT health_checks_pkey PRIMARY KEY (id)
);
CREATE INDEX health_checks_checked_at_idx ON health_checks (checked_at);
SELECT protect_product_table('health_checks');
