import { hkdfSync } from 'node:crypto';
import pg from 'pg';

/** A product's roles: DDL; resolvers and jobs; relay, retention and purge. The owner comes first. */
export const PRODUCT_ROLES = ['owner', 'app', 'system'] as const;
/** The job store's roles: DDL; the kit's runner and relay; operations, which only looks. */
export const JOB_STORE_ROLES = ['owner', 'runner', 'reader'] as const;
export type DatabaseRole = (typeof PRODUCT_ROLES)[number] | (typeof JOB_STORE_ROLES)[number];

export const roleName = (schema: string, role: DatabaseRole): string => `${schema}_${role}`;

/**
 * A role's password, derived from one secret (HKDF, RFC 5869), so that every process that knows the secret knows the
 * password, on any machine and without a file to share (decisions/0005-derived-role-passwords.md).
 */
export function rolePassword(secret: string, role: string): string {
  return Buffer.from(hkdfSync('sha256', secret, 'inevitable-cloud-stack', `database role ${role}`, 24)).toString(
    'base64url',
  );
}

/** `databaseUrl` with the credentials of another role. */
export function roleUrl(databaseUrl: string, secret: string, schema: string, role: DatabaseRole): string {
  const url = new URL(databaseUrl);
  url.username = roleName(schema, role);
  url.password = rolePassword(secret, url.username);
  return url.href;
}

/**
 * Makes a schema and its roles and gives the roles their passwords; does nothing that is done already.
 * `adminUrl` needs CREATEROLE and CREATE on the database.
 */
export async function ensureRoles(
  adminUrl: string,
  secret: string,
  schema: string,
  roles: readonly DatabaseRole[] = PRODUCT_ROLES,
): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    for (const role of roles) {
      await ensureRole(admin, adminUrl, roleName(schema, role), rolePassword(secret, roleName(schema, role)));
    }
    const owner = pg.escapeIdentifier(roleName(schema, 'owner'));
    const others = roles.filter((role) => role !== 'owner').map((role) => pg.escapeIdentifier(roleName(schema, role)));
    const name = pg.escapeIdentifier(schema);
    // The admin must be a member of the owner role to hand the schema to it; a superuser is one of every role.
    await retryRaces(() => admin.query(`GRANT ${owner} TO CURRENT_USER`));
    await retryRaces(() => admin.query(`CREATE SCHEMA IF NOT EXISTS ${name} AUTHORIZATION ${owner}`));
    await retryRaces(() => admin.query(`GRANT USAGE ON SCHEMA ${name} TO ${others.join(', ')}`));
  } finally {
    await admin.end();
  }
}

async function ensureRole(admin: pg.Client, adminUrl: string, name: string, password: string): Promise<void> {
  const role = pg.escapeIdentifier(name);
  const { rowCount } = await admin.query('select from pg_roles where rolname = $1', [name]);
  if (rowCount) {
    if (await canLogIn(adminUrl, name, password)) return;
    await retryRaces(() => admin.query(`ALTER ROLE ${role} LOGIN PASSWORD ${pg.escapeLiteral(password)}`));
    return;
  }
  await retryRaces(() =>
    admin.query(
      `CREATE ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD ${pg.escapeLiteral(password)}`,
    ),
  );
}

async function canLogIn(adminUrl: string, name: string, password: string): Promise<boolean> {
  const url = new URL(adminUrl);
  url.username = name;
  url.password = password;
  const client = new pg.Client({ connectionString: url.href });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Two starts at once: the one that lost a race on a shared catalogue row finds the work done, or does it again. */
const RACE_CODES = new Set(['42710', '42P06', '23505', 'XX000', '40001']);
async function retryRaces(statement: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await statement();
      return;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === '42710' || code === '42P06') return; // it exists: the other one made it
      if (attempt === 10 || !RACE_CODES.has(code ?? '')) throw error;
    }
  }
}
