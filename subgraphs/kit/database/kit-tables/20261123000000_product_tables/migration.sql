-- Call it once for each table of no tenant that the product's own jobs write. Work that is bound to a tenant reads it and
-- cannot write it: nothing one tenant causes there is read by another.
CREATE FUNCTION protect_product_table(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY app_reads ON %s FOR SELECT TO {{product}}_app USING (true)', target);
  EXECUTE format('CREATE POLICY no_tenant_inserts ON %s FOR INSERT TO {{product}}_app WITH CHECK ({{product}}.current_tenant() IS NULL)', target);
  EXECUTE format('CREATE POLICY no_tenant_updates ON %s FOR UPDATE TO {{product}}_app USING ({{product}}.current_tenant() IS NULL) WITH CHECK ({{product}}.current_tenant() IS NULL)', target);
  EXECUTE format('CREATE POLICY no_tenant_deletes ON %s FOR DELETE TO {{product}}_app USING ({{product}}.current_tenant() IS NULL)', target);
  EXECUTE format('CREATE POLICY owner_rows ON %s TO {{product}}_owner USING (true) WITH CHECK (true)', target);
  EXECUTE format('CREATE POLICY system_rows ON %s TO {{product}}_system USING (true) WITH CHECK (true)', target);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO {{product}}_app, {{product}}_system', target);
END $$;
