CREATE TABLE notes (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  id uuid NOT NULL,
  text text NOT NULL,
  word_count integer,
  created_by uuid NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  updated_at timestamptz(3) NOT NULL DEFAULT stack_now(),
  CONSTRAINT notes_pkey PRIMARY KEY (tenant_id, id)
);
CREATE INDEX notes_tenant_id_created_by_id_idx ON notes (tenant_id, created_by, id);
SELECT protect_tenant_table('notes');
