-- Whoever accepts becomes a platform administrator, too: made by operators alone, at the machine.
ALTER TABLE invitations ADD COLUMN platform_admin boolean NOT NULL DEFAULT false;

-- A link in a mail names an invitation alone, and not its tenant.
CREATE INDEX invitations_id_idx ON invitations (id);
-- What a person who goes leaves open.
CREATE INDEX invitations_tenant_id_invited_by_idx ON invitations (tenant_id, invited_by);
