import type { TenantPool } from './tenant-pool.js';

/** The app role could read past row-level security: nothing may start on it. */
export class UnsafeDatabaseRole extends Error {}

const FACTS = `
  select current_user as name, r.rolsuper as superuser, r.rolbypassrls as bypasses,
         pg_has_role(current_user, n.nspowner, 'MEMBER') as owner,
         exists (select 1 from pg_roles a where a.rolname = $1 || '_app' and pg_has_role(current_user, a.oid, 'MEMBER')) as member
  from pg_roles r, pg_namespace n
  where r.rolname = current_user and n.nspname = $1`;

/** Refuses a connection whose role is owner, superuser or BYPASSRLS, or that the tenant policies do not name. */
export async function assertRestrictedRole(pool: TenantPool, product: string): Promise<void> {
  const client = await pool.checkout();
  try {
    const { rows } = await client.query(FACTS, [product]);
    const role = rows[0];
    if (!role)
      throw new UnsafeDatabaseRole(`There is no schema "${product}" in this database. Run "stack migrate" first.`);
    const refuse = (why: string): never => {
      throw new UnsafeDatabaseRole(
        `Role "${role.name}" may not serve "${product}": ${why}. Use a role that is only a member of "${product}_app".`,
      );
    };
    if (role.superuser) refuse('it is a superuser, and row-level security does not apply to it');
    if (role.bypasses) refuse('it has BYPASSRLS, and row-level security does not apply to it');
    if (role.owner) refuse('it owns the schema, and could change the policies');
    if (!role.member) refuse(`the tenant policies are written for "${product}_app", and it is not a member`);
  } finally {
    client.release();
  }
}
