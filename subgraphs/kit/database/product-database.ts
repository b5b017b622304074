import { PrismaPg } from '@prisma/adapter-pg';
import pg, { type QueryConfig, type QueryResult } from 'pg';
import { notReady, ready, type PartHealth } from '@inevitable/contract';
import { assertRestrictedRole } from './restricted-role.js';
import { surviveLostConnections } from './survive-lost-connections.js';
import { bindClient, type PrismaClientLike, type TenantClient } from './tenant-client.js';
import { singleStatements, TenantPool, tenantTransaction, type TenantSession } from './tenant-pool.js';

/** What a product says about its database. */
export interface DatabaseDeclaration<Client extends PrismaClientLike = PrismaClientLike> {
  /** PostgreSQL schema, and the prefix of its three roles. */
  readonly product: string;
  /** Folder of migrations in Prisma's layout: `<timestamp>_<name>/migration.sql`. */
  readonly migrations: URL;
  /** `(adapter) => new PrismaClient({ adapter })` */
  readonly client: (adapter: PrismaPg) => Client;
  /** Tables without a tenant that the app role may read (never write), each with the reason. */
  readonly shared?: Readonly<Record<string, string>>;
  /** Tables of no tenant that jobs of no tenant write, and everybody may read, each with the reason (`protect_product_table`). */
  readonly ofNoTenant?: Readonly<Record<string, string>>;
}

export const defineDatabase = <Client extends PrismaClientLike>(
  declaration: DatabaseDeclaration<Client>,
): DatabaseDeclaration<Client> => Object.freeze(declaration);

/** A tenant's view of the product's database, every statement in a transaction of its own. */
export interface TenantHandle<Client> {
  readonly db: TenantClient<Client>;
  /** For kit modules that write beside Prisma (the outbox). */
  readonly statement: (statement: QueryConfig) => Promise<QueryResult>;
}

/** Of one process: `used` and `idle` ones together are as many as it may have at most; `waiting` for one. */
export interface DatabaseConnections {
  readonly used: number;
  readonly idle: number;
  readonly waiting: number;
}

export interface ProductDatabase<Client extends PrismaClientLike = PrismaClientLike> {
  readonly product: string;
  /** `tenantId` null: a handle that sees no tenant's rows. */
  forTenant(tenantId: string | null): TenantHandle<Client>;
  /**
   * Commits when `work` returns, rolls back when it throws. Opened by the first statement, not before. `last`: a statement
   * about what `work` returned, of the same transaction; it travels with the commit, and takes no round trip of its own.
   */
  transaction<T>(
    tenantId: string | null,
    work: (handle: TenantHandle<Client>) => Promise<T>,
    last?: (result: T) => QueryConfig,
  ): Promise<T>;
  readonly connections: DatabaseConnections;
  health(): Promise<PartHealth>;
  close(): Promise<void>;
}

/** One pool per process and role. */
const POOL_SIZE = 5;

/** Pool settings shared by every role of a product. */
export const poolConfig = (url: string, product: string) => ({
  connectionString: url,
  max: POOL_SIZE,
  options: `-c search_path=${product}`,
  application_name: `stack:${product}`,
  connectionTimeoutMillis: 5_000,
});

/**
 * Opens the app role's side of a product's database.
 * Throws `UnsafeDatabaseRole` when the role could see past row-level security.
 */
export async function openProductDatabase<Client extends PrismaClientLike>(
  declaration: DatabaseDeclaration<Client>,
  appUrl: string,
): Promise<ProductDatabase<Client>> {
  const { product } = declaration;
  const pool = new TenantPool(poolConfig(appUrl, product));
  try {
    await assertRestrictedRole(pool, product);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const client = declaration.client(new PrismaPg(pool, { schema: product }));
  const handle = (session: TenantSession): TenantHandle<Client> => ({
    db: bindClient(client, session),
    statement: (statement) => session.query(statement),
  });

  return {
    product,
    forTenant: (tenantId) => handle(singleStatements(pool, tenantId)),
    async transaction(tenantId, work, last) {
      const transaction = tenantTransaction(pool, tenantId);
      let result;
      let lastly;
      try {
        result = await work(handle(transaction));
        lastly = last?.(result);
      } catch (error) {
        await transaction.rollback().catch(() => undefined); // the first failure is the one to report
        throw error;
      }
      await transaction.commit(lastly);
      return result;
    },
    get connections() {
      const { totalCount, idleCount, waitingCount } = pool;
      return { used: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
    },
    async health() {
      try {
        await singleStatements(pool, null).query({ text: 'select 1' });
        return ready(`${product} database`);
      } catch (error) {
        return notReady(`${product} database`, `PostgreSQL does not answer: ${(error as Error).message}`);
      }
    },
    async close() {
      await client.$disconnect();
      await pool.end();
    },
  };
}

/** The system role's side: outbox relay, retention, tenant purge. Not exported to products. */
export function openSystemPool(product: string, systemUrl: string): pg.Pool {
  const config = poolConfig(systemUrl, product);
  // A relay that is frozen in its transaction holds the product's outbox: the server ends it for the others.
  const options = `${config.options} -c idle_in_transaction_session_timeout=15000`;
  const pool = new pg.Pool({ ...config, options });
  surviveLostConnections(pool);
  return pool;
}
