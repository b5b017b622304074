import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import type { DatabaseDeclaration } from './product-database.js';
import { roleName } from './roles.js';

/** The same lock Prisma Migrate takes, so that the two exclude each other. */
const MIGRATION_LOCK = 72707369;
const KIT_TABLES = new URL('./kit-tables/', import.meta.url);

/** A migration cannot be applied; the message names it and says why. */
export class MigrationFailed extends Error {}

/** Good enough to see that a text is nothing but comments: a string with "--" in it leaves its quote. */
const COMMENT = /--.*|\/\*[^]*?\*\//g;

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** Where migrations are written down: the product's as Prisma does it, the kit's beside them. */
const LEDGERS = { product: '_prisma_migrations', kit: '_kit_migrations' } as const;

/**
 * Brings a product's schema up to date: the kit's tables, then the product's migrations, each in a transaction.
 * Two runners at once: one applies, the other finds nothing to do. `ownerUrl` may be the owner role or one that may
 * become it. Answers the names it applied. Throws `MigrationFailed`.
 */
export function migrate({ product, migrations }: DatabaseDeclaration, ownerUrl: string): Promise<readonly string[]> {
  return asOwner(product, ownerUrl, async (client) => {
    const kit = await applyFolder(client, LEDGERS.kit, KIT_TABLES, (sql) => kitSql(sql, product));
    const own = await applyFolder(client, LEDGERS.product, migrations, (sql) => sql);
    // A process that may only look can tell that it is ahead of its database.
    await client.query(`GRANT SELECT ON ${LEDGERS.product} TO ${pg.escapeIdentifier(roleName(product, 'system'))}`);
    return [...kit, ...own];
  });
}

/**
 * The kit's SQL for one product: `'{{product}}'` is its name as a text, and any other `{{product}}` begins the name of its
 * schema or of a role of it. Names are quoted: a product may be called `claude-config`, or `order`.
 */
const kitSql = (sql: string, product: string): string =>
  sql.replace(/('?)\{\{product\}\}(\w*)/g, (_found, quote: string, rest: string) =>
    quote ? quote + product : pg.escapeIdentifier(product + rest),
  );

/** The same for a schema that is no product's and has none of the kit's tables: the job store. */
export function migrateSchema(schema: string, migrations: URL, ownerUrl: string): Promise<readonly string[]> {
  return asOwner(schema, ownerUrl, (client) => applyFolder(client, LEDGERS.product, migrations, (sql) => sql));
}

async function asOwner<T>(schema: string, ownerUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: ownerUrl, options: `-c search_path="${schema}"` });
  await client.connect();
  try {
    await client.query(`SET ROLE ${pg.escapeIdentifier(roleName(schema, 'owner'))}`);
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await work(client);
  } finally {
    await client.end(); // and with it the lock
  }
}

async function applyFolder(
  client: pg.Client,
  ledger: string,
  folder: URL,
  render: (sql: string) => string,
): Promise<string[]> {
  await client.query(`CREATE TABLE IF NOT EXISTS ${ledger} (
    id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL,
    logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)`);
  const { rows } = await client.query<{ migration_name: string; checksum: string }>(
    `select migration_name, checksum from ${ledger} where finished_at is not null and rolled_back_at is null`,
  );
  const applied = new Map(rows.map((row) => [row.migration_name, row.checksum]));
  const now: string[] = [];
  for (const migration of await readMigrations(folder)) {
    const before = applied.get(migration.name);
    if (before === undefined) {
      await apply(client, ledger, migration, render(migration.sql));
      now.push(migration.name);
    } else if (before !== migration.checksum) {
      throw new MigrationFailed(
        `Migration "${migration.name}" was changed after it had been applied. Restore its text and write the change as a new migration.`,
      );
    }
  }
  return now;
}

async function apply(client: pg.Client, ledger: string, { name, checksum }: Migration, sql: string): Promise<void> {
  // Once applied its text is final, and what an editor saves first is often this.
  if (!/[^\s;]/.test(sql.replace(COMMENT, '')))
    throw new MigrationFailed(`Migration "${name}" has no statement. Write what it does, or remove its folder.`);
  try {
    await client.query('begin');
    await client.query(sql);
    await client.query(
      `insert into ${ledger} (id, checksum, migration_name, started_at, finished_at, applied_steps_count) values ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw new MigrationFailed(`Migration "${name}" failed and left nothing behind: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function readMigrations(folder: URL): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(`${name}/migration.sql`, folder), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** The product's migrations this database does not have yet. For a process that may look but not migrate. */
export async function pendingMigrations(
  { product, migrations }: DatabaseDeclaration,
  pool: pg.Pool,
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ migration_name: string }>(
    `select migration_name from ${pg.escapeIdentifier(product)}.${LEDGERS.product} where finished_at is not null and rolled_back_at is null`,
  );
  const applied = new Set(rows.map((row) => row.migration_name));
  return (await readMigrations(migrations)).map(({ name }) => name).filter((name) => !applied.has(name));
}
