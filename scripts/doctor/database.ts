import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import {
  JOB_STORE_ROLES,
  JOB_STORE_SCHEMA,
  lintCatalogue,
  PRODUCT_ROLES,
  roleName,
  type DatabaseDeclaration,
} from '@inevitable/kit/host';
import pg from 'pg';
import type { Settings } from '../settings/settings.js';
import { ok, problem, warning, type Check, type Said } from './check.js';
import { NotThere, type Patient } from './patient.js';
import { placeOf, reasonOf } from './place-of.js';

const OLDEST_SERVER = 150_000;

/** Whether it answers and is new enough; and of each product its roles, its migrations and its tenant isolation. */
export const databaseCheck: Check = {
  name: 'database',
  async run(patient) {
    const { settings } = patient;
    if (!settings) return [];
    const side = await patient.database().catch((error: Error) => error);
    if (side instanceof NotThere)
      return (await hasEveryUrl(patient, settings))
        ? lookAtProducts(patient, null)
        : [
            ok(
              'The embedded database does not run, so nothing in it was looked at: run this beside a stack, or with --start.',
            ),
          ];
    if (side instanceof Error)
      return [
        problem(`The embedded database cannot be started: ${side.message}`, 'See its log in the data directory.'),
      ];
    const server = await lookAtServer(
      patient,
      side.url,
      side.kind === 'given' ? 'DATABASE_URL' : 'the embedded database',
    );
    if (server.verdict === 'problem') return [server];
    return [server, ...(await lookAtProducts(patient, side.url))];
  },
};

async function hasEveryUrl(patient: Patient, settings: Settings): Promise<boolean> {
  const databases = await patient.databases().catch(() => []);
  return databases.length > 0 && databases.every(({ product }) => lookingUrl(settings, product, null) !== null);
}

/** As whom a product's schema can be looked at: whoever may see most of it. */
function lookingUrl(settings: Settings, product: string, adminUrl: string | null): string | null {
  const { owner, system } = settings.databaseUrls(product);
  return owner ?? system ?? adminUrl;
}

async function lookAtServer(patient: Patient, url: string, what: string): Promise<Said> {
  try {
    const [server] = await patient.rows<{ version: number; name: string; used: number; most: number }>(
      url,
      `select current_setting('server_version_num')::int as version, current_setting('server_version') as name,
              (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used,
              current_setting('max_connections')::int as most`,
    );
    const { version, name, used, most } = server!;
    if (version < OLDEST_SERVER)
      return problem(`PostgreSQL at ${placeOf(url)} is ${name}, and the stack needs 15 or newer.`, 'Upgrade it.');
    if (used > most * 0.9)
      return warning(
        `PostgreSQL at ${placeOf(url)} has ${used} of ${most} connections in use.`,
        'Raise max_connections: each process of the stack holds up to five for each role.',
      );
    return ok(`PostgreSQL ${name} answers at ${placeOf(url)} (${what}), ${used} of ${most} connections in use.`);
  } catch (error) {
    return problem(
      `PostgreSQL at ${placeOf(url)} (${what}) cannot be used: ${reasonOf(error)}.`,
      'Start it, correct the URL, or unset DATABASE_URL for the embedded one.',
    );
  }
}

async function lookAtProducts(patient: Patient, adminUrl: string | null): Promise<Said[]> {
  const databases = await patient.databases().catch(() => null); // supergraph.yaml has a check of its own
  if (!databases) return [];
  const each = await Promise.all(databases.map((declaration) => lookAtProduct(patient, declaration, adminUrl)));
  return [
    ...each.flat(),
    ...(adminUrl === null ? [] : await lookAtRoles(patient, adminUrl, JOB_STORE_SCHEMA, JOB_STORE_ROLES)),
  ];
}

async function lookAtProduct(
  patient: Patient,
  declaration: DatabaseDeclaration,
  adminUrl: string | null,
): Promise<Said[]> {
  const { product } = declaration;
  const url = lookingUrl(patient.settings!, product, adminUrl);
  if (url === null) return [];
  try {
    const [{ there } = { there: false }] = await patient.rows<{ there: boolean }>(
      url,
      'select exists (select from pg_namespace where nspname = $1) as there',
      [product],
    );
    if (!there) return [ok(`"${product}" is not in the database yet: its first start, or "stack migrate", makes it.`)];
    const roles = await lookAtRoles(patient, url, product, PRODUCT_ROLES);
    if (roles.some(({ verdict }) => verdict === 'problem')) return roles;
    return [
      ...roles,
      ...(await lookAtMigrations(patient, url, declaration)),
      ...(await lookAtIsolation(url, declaration)),
    ];
  } catch (error) {
    return [
      problem(
        `The database of "${product}" (${placeOf(url)}) cannot be looked at: ${reasonOf(error)}.`,
        'Correct the settings of its URLs, or the rights of its role.',
      ),
    ];
  }
}

async function lookAtRoles(
  patient: Patient,
  url: string,
  schema: string,
  roles: typeof PRODUCT_ROLES | typeof JOB_STORE_ROLES,
): Promise<Said[]> {
  const names = roles.map((role) => roleName(schema, role));
  const found = await patient.rows<{ name: string; above: boolean; owns: boolean }>(
    url,
    `select rolname as name, rolsuper or rolbypassrls as above,
            exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                    where n.nspname = $2 and c.relowner = r.oid and c.relkind in ('r', 'p')) as owns
     from pg_roles r where rolname = any ($1)`,
    [names, schema],
  );
  if (!found.length && schema === JOB_STORE_SCHEMA) return [];
  const missing = names.filter((name) => !found.some((role) => role.name === name));
  if (missing.length)
    return [
      problem(
        `The database lacks the roles ${missing.join(', ')}.`,
        'Run "stack migrate" with DATABASE_URL of somebody who may create roles.',
      ),
    ];
  const unsafe = found.filter(({ name, above, owns }) => above || (owns && !name.endsWith('_owner')));
  return unsafe.map(({ name, above }) =>
    problem(
      `The role ${name} ${above ? 'is a superuser or has BYPASSRLS' : 'owns tables'}: row-level security does not hold it.`,
      above ? `Run: ALTER ROLE "${name}" NOSUPERUSER NOBYPASSRLS` : `Give the tables to "${schema}_owner".`,
    ),
  );
}

async function lookAtMigrations(
  patient: Patient,
  url: string,
  { product, migrations }: DatabaseDeclaration,
): Promise<Said[]> {
  const applied = await patient.rows<{ name: string; checksum: string }>(
    url,
    `select migration_name as name, checksum from ${pg.escapeIdentifier(product)}._prisma_migrations
     where finished_at is not null and rolled_back_at is null`,
  );
  const files = await readMigrations(migrations);
  const pending = [...files.keys()].filter((name) => !applied.some((each) => each.name === name));
  const changed = applied.filter(({ name, checksum }) => files.has(name) && files.get(name) !== checksum);
  const unknown = applied.filter(({ name }) => !files.has(name));
  const namesOf = (list: readonly { readonly name: string }[]): string => list.map(({ name }) => name).join(', ');
  const said: Said[] = [];
  if (changed.length)
    said.push(
      problem(
        `"${product}": ${namesOf(changed)} was changed after it had been applied.`,
        'Restore its text, and write the change as a new migration: no start migrates before that.',
      ),
    );
  if (unknown.length)
    said.push(
      warning(
        `"${product}": the database has ${namesOf(unknown)}, and this code does not: newer code has migrated it.`,
        'Run the newer code, or make sure that this one can work with it.',
      ),
    );
  if (pending.length)
    said.push(
      warning(
        `"${product}" lacks the migrations ${pending.join(', ')}.`,
        'The next start applies them, or "stack migrate" beforehand.',
      ),
    );
  return said.length ? said : [ok(`"${product}" has its roles and all of its ${applied.length} migrations.`)];
}

/** By name, with the checksum that the ledger keeps. */
async function readMigrations(folder: URL): Promise<ReadonlyMap<string, string>> {
  const entries = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const read = entries.map(async ({ name }) => {
    const sql = await readFile(new URL(`${name}/migration.sql`, folder), 'utf8');
    return [name, createHash('sha256').update(sql).digest('hex')] as const;
  });
  return new Map((await Promise.all(read)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function lookAtIsolation(url: string, declaration: DatabaseDeclaration): Promise<Said[]> {
  const findings = await lintCatalogue(declaration, url);
  return findings.map(({ table, rule, message }) =>
    problem(
      `Tenant isolation of ${declaration.product}.${table} (${rule}): ${message}`,
      'Mend it by a new migration (docs/tenant-isolation.md).',
    ),
  );
}
