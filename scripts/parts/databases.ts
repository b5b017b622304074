import { join } from 'node:path';
import {
  checkMongoJobs,
  ensureRoles,
  JOB_STORE_ROLES,
  JOB_STORE_SCHEMA,
  migrate,
  migrateJobStore,
  mongoPlace,
  pendingMigrations,
  roleUrl,
  startCluster,
  type DatabaseDeclaration,
} from '@inevitable/kit/host';
import pg from 'pg';
import { BadSetting, type Settings } from '../settings/settings.js';
import { randomSecret, secretFile } from './data-directory.js';

/** A database is set and does not answer, or lacks what is needed; the message says which. */
export class DatabaseUnavailable extends Error {}

export interface PreparedDatabase {
  /** The migrations this call applied. */
  readonly applied: readonly string[];
  readonly appUrl: string;
  readonly systemUrl: string;
}

export interface PreparedJobStore {
  /** For people: `PostgreSQL`, or `MongoDB 7.0.14 at db:27017/jobs`. */
  readonly keptIn: string;
  readonly applied: readonly string[];
  readonly runnerUrl: string;
  readonly readerUrl: string;
}

/** The stack's databases: the given server's, or the embedded one's, brought up to date before anyone opens them. */
export interface Databases {
  prepare(declaration: DatabaseDeclaration): Promise<PreparedDatabase>;
  /** Where jobs are kept: MongoDB where MONGODB_URI is set, or else PostgreSQL. Throws `MongoUnavailable`, too. */
  prepareJobStore(): Promise<PreparedJobStore>;
  /** The job store in PostgreSQL, wherever jobs are kept: for what moves them. */
  preparePostgresJobs(): Promise<PreparedJobStore>;
  close(): Promise<void>;
}

/**
 * Opens the side that may create roles and migrate, when it is needed: DATABASE_URL, or the embedded PostgreSQL.
 * Where every URL of a product is given, neither is started. Throws `DatabaseUnavailable`, `ClusterUnavailable`.
 */
export function openDatabases(settings: Settings, report: (line: string) => void): Databases {
  let admin: Promise<{ url: string; secret: string; close(): Promise<void> }> | null = null;

  const openAdmin = async () => {
    if (settings.databaseUrl === undefined) {
      const cluster = await startCluster({ dataDir: settings.dataDir, report });
      return { url: cluster.url, secret: new URL(cluster.url).password, close: () => cluster.stop() };
    }
    const url = settings.databaseUrl;
    await assertAnswers(url);
    // A server that asks no password of us (peer, certificate) has none to derive the roles' from.
    const secret = new URL(url).password || (await secretFile(join(settings.dataDir, 'database-secret'), randomSecret));
    return { url, secret, close: () => Promise.resolve() };
  };
  const adminSide = () => (admin ??= openAdmin());

  const preparePostgresJobs = async (): Promise<PreparedJobStore> => {
    const { owner, runner, reader } = settings.jobStoreUrls;
    if (runner && reader) {
      const applied = owner ? await migrateJobStore(owner) : [];
      return { keptIn: 'PostgreSQL', applied, runnerUrl: runner, readerUrl: reader };
    }
    refuseHalves(settings, 'JOBS_', [owner, runner, reader]);
    const { url, secret } = await adminSide();
    await ensureRoles(url, secret, JOB_STORE_SCHEMA, JOB_STORE_ROLES);
    const applied = await migrateJobStore(owner ?? url);
    return {
      keptIn: 'PostgreSQL',
      applied,
      runnerUrl: runner ?? roleUrl(url, secret, JOB_STORE_SCHEMA, 'runner'),
      readerUrl: reader ?? roleUrl(url, secret, JOB_STORE_SCHEMA, 'reader'),
    };
  };

  return {
    async prepare(declaration) {
      const { product } = declaration;
      const given = settings.databaseUrls(product);
      if (given.app && given.system) {
        const applied = given.owner
          ? await migrate(declaration, given.owner)
          : await assertMigrated(declaration, given.system);
        return { applied, appUrl: given.app, systemUrl: given.system };
      }
      refuseHalves(settings, `${product.toUpperCase()}_`, Object.values(given));
      const { url, secret } = await adminSide();
      await ensureRoles(url, secret, product);
      const applied = await migrate(declaration, given.owner ?? url);
      return {
        applied,
        appUrl: given.app ?? roleUrl(url, secret, product, 'app'),
        systemUrl: given.system ?? roleUrl(url, secret, product, 'system'),
      };
    },
    async prepareJobStore() {
      const { mongodbUri } = settings;
      if (mongodbUri === undefined) return preparePostgresJobs();
      assertOneJobStore(settings);
      const server = await checkMongoJobs(mongodbUri);
      // One login: there is none that may only read (docs/jobs.md, "On MongoDB").
      const keptIn = `${server} at ${mongoPlace(mongodbUri)}`;
      return { keptIn, applied: [], runnerUrl: mongodbUri, readerUrl: mongodbUri };
    },
    preparePostgresJobs,
    async close() {
      await (await admin?.catch(() => null))?.close();
    },
  };
}

/** Jobs are in one place: those of an address that nobody reads would wait for ever. Throws `BadSetting`. */
export function assertOneJobStore({ mongodbUri, jobStoreUrls }: Settings): void {
  if (mongodbUri === undefined) return;
  const { owner, runner, reader } = jobStoreUrls;
  const given = [
    owner && 'JOBS_OWNER_DATABASE_URL',
    runner && 'JOBS_DATABASE_URL',
    reader && 'JOBS_READER_DATABASE_URL',
  ].filter((name) => name !== undefined);
  if (given.length)
    throw new BadSetting(
      `MONGODB_URI and ${given.join(', ')} are both set, and jobs are kept in one place. Unset MONGODB_URI to keep them in PostgreSQL, or the others to keep them in MongoDB; "stack jobs move" moves them, with all of these set.`,
    );
}

/** Some of a schema's URLs are given and the rest would be made: only on the very database the given ones name. */
function refuseHalves({ databaseUrl }: Settings, prefix: string, given: readonly (string | undefined)[]): void {
  const placeOf = (url: string): string => new URL(url).host + new URL(url).pathname;
  const elsewhere = given.some((url) => url !== undefined && (!databaseUrl || placeOf(url) !== placeOf(databaseUrl)));
  if (elsewhere) {
    throw new DatabaseUnavailable(
      `Some of the ${prefix}…DATABASE_URL settings are given, and the others would be made on another database. Give all of them, or DATABASE_URL of the same database.`,
    );
  }
}

const OLDEST_SERVER = 150_000;

async function assertAnswers(url: string): Promise<void> {
  const { host, pathname } = new URL(url);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number }>(
      "select current_setting('server_version_num')::int as version",
    );
    if (rows[0]!.version < OLDEST_SERVER) throw new DatabaseUnavailable('it is older than PostgreSQL 15');
  } catch (error) {
    throw new DatabaseUnavailable(
      `The database of DATABASE_URL (${host}${pathname}) cannot be used: ${reasonOf(error)}. Start it, correct the URL, or unset DATABASE_URL for the embedded one.`,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function assertMigrated(declaration: DatabaseDeclaration, systemUrl: string): Promise<readonly string[]> {
  const pool = new pg.Pool({ connectionString: systemUrl, max: 1, connectionTimeoutMillis: 5_000 });
  try {
    const pending = await pendingMigrations(declaration, pool);
    if (pending.length) {
      throw new DatabaseUnavailable(
        `The database of "${declaration.product}" lacks the migrations ${pending.join(', ')}. Run "stack migrate" with its owner's URL.`,
      );
    }
    return [];
  } catch (error) {
    if (error instanceof DatabaseUnavailable) throw error;
    throw new DatabaseUnavailable(`The database of "${declaration.product}" cannot be used: ${reasonOf(error)}.`);
  } finally {
    await pool.end();
  }
}

/** Node wraps the attempts on several addresses of one name into an error without a message. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map((each: Error) => each.message))].join(', ');
  return (error as Error).message;
}
