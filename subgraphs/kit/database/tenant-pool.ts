import { AsyncLocalStorage } from 'node:async_hooks';
import pg, { type PoolClient, type PoolConfig, type QueryConfig, type QueryResult } from 'pg';

/** The setting every row-level security policy reads through `current_tenant()`. Empty: no tenant, no rows. */
const SET_TENANT = "select set_config('stack.tenant_id', $1, true)";

/** Where one statement of Prisma's goes: which tenant, and whether inside a transaction that is open already. */
export interface TenantSession {
  query(statement: QueryConfig): Promise<QueryResult>;
  /** For Prisma's own transactions (nested writes). */
  connect(): Promise<PoolClient>;
}

/** A statement reached the pool without a tenant handle: a programming error, refused before it is sent. */
export class UnboundStatement extends Error {
  constructor() {
    super('A database statement was sent outside of a tenant handle. Use context.db, and await it where you use it.');
  }
}

const currentSession = new AsyncLocalStorage<TenantSession>();

/** Runs `work` so that what Prisma sends meanwhile goes to `session`. */
export const withSession = <T>(session: TenantSession, work: () => T): T => currentSession.run(session, work);

/**
 * The pool under a product's Prisma client. It binds the tenant **below** Prisma: whatever Prisma makes of a call –
 * joins, raw queries, several statements – arrives here, and leaves with the tenant set in the same transaction.
 * A client extension cannot do that: a filter of one was seen to leak another tenant's rows through `include`.
 */
export class TenantPool extends pg.Pool {
  constructor(config: PoolConfig) {
    // Pipelined: begin, set tenant, statement and commit travel together, one round trip instead of four.
    super({ ...config, pipeline: true } as PoolConfig);
  }

  checkout(): Promise<PoolClient> {
    return super.connect();
  }

  // Prisma's adapter calls exactly these two, with a config object and for a promise.
  override query = ((statement: QueryConfig) => boundSession().query(statement)) as unknown as pg.Pool['query'];
  override connect = (() => boundSession().connect()) as unknown as pg.Pool['connect'];
}

function boundSession(): TenantSession {
  const session = currentSession.getStore();
  if (!session) throw new UnboundStatement();
  return session;
}

/** Each statement alone in its own transaction: what reads use. Nothing is held open between two of them. */
export function singleStatements(pool: TenantPool, tenantId: string | null): TenantSession {
  return {
    async query(statement) {
      const client = await pool.checkout();
      const sent = [
        client.query('begin'),
        client.query(SET_TENANT, [tenantId ?? '']),
        client.query(statement),
        client.query('commit'),
      ] as const;
      const [begun, bound, answered, committed] = await Promise.allSettled(sent);
      const failed = [begun, bound, committed].find((outcome) => outcome.status === 'rejected');
      client.release(failed ? (failed.reason as Error) : undefined);
      if (answered.status === 'rejected') throw answered.reason;
      if (failed) throw failed.reason;
      return answered.value;
    },
    async connect() {
      const client = await pool.checkout();
      return nestedClient(client, {
        async begin() {
          await Promise.all([client.query('begin'), client.query(SET_TENANT, [tenantId ?? ''])]);
        },
        commit: () => client.query('commit'),
        rollback: () => client.query('rollback'),
        release: (error) => client.release(error),
      });
    },
  };
}

/** One transaction of one tenant, opened by its first statement. */
export interface TenantTransaction extends TenantSession {
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

export function tenantTransaction(pool: TenantPool, tenantId: string | null): TenantTransaction {
  let opened: Promise<PoolClient> | null = null;
  let over = false;
  let savepoints = 0;

  async function open(): Promise<PoolClient> {
    const client = await pool.checkout();
    try {
      await Promise.all([client.query('begin'), client.query(SET_TENANT, [tenantId ?? ''])]);
      return client;
    } catch (error) {
      client.release(error as Error);
      throw error;
    }
  }

  function client(): Promise<PoolClient> {
    if (over)
      throw new Error('This transaction is over: a statement was sent after its resolver or job step returned.');
    return (opened ??= open());
  }

  async function end(statement: 'commit' | 'rollback'): Promise<void> {
    over = true;
    if (!opened) return;
    const connection = await opened;
    const ended = await connection.query(statement).catch((error: Error) => {
      connection.release(error);
      throw error;
    });
    connection.release();
    // PostgreSQL answers COMMIT with ROLLBACK when a statement before it failed and nobody noticed.
    if (statement === 'commit' && ended.command !== 'COMMIT') {
      throw new Error('The transaction was rolled back: a statement in it had failed.');
    }
  }

  return {
    query: async (statement) => (await client()).query(statement),
    async connect() {
      const connection = await client();
      const savepoint = `nested_${++savepoints}`;
      return nestedClient(connection, {
        begin: () => connection.query(`savepoint ${savepoint}`),
        commit: () => connection.query(`release savepoint ${savepoint}`),
        rollback: () => connection.query(`rollback to savepoint ${savepoint}`),
        release: () => undefined,
      });
    },
    commit: () => end('commit'),
    rollback: () => end('rollback'),
  };
}

interface NestedTransaction {
  begin(): Promise<unknown>;
  commit(): Promise<unknown>;
  rollback(): Promise<unknown>;
  release(error?: Error): void;
}

/** The client Prisma's adapter gets for a transaction of its own: it sends BEGIN, COMMIT and ROLLBACK as statements. */
function nestedClient(client: PoolClient, nested: NestedTransaction): PoolClient {
  const control: Record<string, () => Promise<unknown>> = {
    BEGIN: nested.begin,
    COMMIT: nested.commit,
    ROLLBACK: nested.rollback,
  };
  const facade = {
    query: (statement: QueryConfig) => (control[statement.text] ?? (() => client.query(statement)))(),
    on: (...args: Parameters<PoolClient['on']>) => client.on(...args),
    removeListener: (...args: Parameters<PoolClient['removeListener']>) => client.removeListener(...args),
    release: (error?: Error) => nested.release(error),
  };
  return facade as unknown as PoolClient; // the adapter uses these four and nothing else
}
