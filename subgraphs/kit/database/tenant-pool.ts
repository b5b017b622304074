import { AsyncLocalStorage } from 'node:async_hooks';
import pg, { type PoolClient, type PoolConfig, type QueryConfig, type QueryResult } from 'pg';
import { requireCommitted } from './in-transaction.js';
import { surviveLostConnections } from './survive-lost-connections.js';

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
    surviveLostConnections(this);
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
      const connection = new TransactionConnection(await pool.checkout());
      return prismaClient(connection, {
        begin: () => connection.begin(tenantId),
        commit: () => connection.end('commit'),
        rollback: () => connection.end('rollback'),
        release: () => connection.abandon(),
      });
    },
  };
}

/** A statement came after its transaction had ended. */
export class TransactionOver extends Error {
  constructor() {
    super(
      'This transaction is over: a statement was sent after its resolver or job step had returned. Await every call.',
    );
  }
}

/**
 * One connection for the length of one transaction. Once that has ended nothing more is sent on it, whoever still holds
 * it: the pool has given the connection to somebody else by then, and to another tenant.
 */
class TransactionConnection {
  readonly #client: PoolClient;
  #over = false;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  async begin(tenantId: string | null): Promise<QueryResult> {
    const [begun] = await Promise.all([
      this.send({ text: 'begin' }),
      this.send({ text: SET_TENANT, values: [tenantId ?? ''] }),
    ]);
    return begun;
  }

  async send(statement: QueryConfig): Promise<QueryResult> {
    if (this.#over) throw new TransactionOver();
    return this.#client.query(statement);
  }

  /** Commits or rolls back, behind what was sent before, and gives the connection back. */
  async end(statement: 'commit' | 'rollback'): Promise<QueryResult> {
    if (this.#over) throw new TransactionOver();
    this.#over = true;
    const ended = await this.#client.query(statement).catch((error: Error) => {
      this.#client.release(error);
      throw error;
    });
    this.#client.release();
    if (statement === 'commit') requireCommitted(ended);
    return ended;
  }

  /** Gives up a transaction that was not ended: its connection is closed, and the server rolls back. */
  abandon(): void {
    if (this.#over) return;
    this.#over = true;
    this.#client.release(new Error('The transaction was left open.'));
  }

  on(...listener: Parameters<PoolClient['on']>): void {
    this.#client.on(...listener);
  }

  removeListener(...listener: Parameters<PoolClient['removeListener']>): void {
    this.#client.removeListener(...listener);
  }
}

/** One transaction of one tenant, opened by its first statement. */
export interface TenantTransaction extends TenantSession {
  /** `last`: a statement of the transaction that travels with its end, in one round trip. */
  commit(last?: QueryConfig | null): Promise<void>;
  rollback(): Promise<void>;
}

export function tenantTransaction(pool: TenantPool, tenantId: string | null): TenantTransaction {
  let opened: Promise<TransactionConnection> | null = null;
  let over = false;
  let savepoints = 0;
  let isNested = false;
  /** Savepoints of one connection nest, so Prisma's nested transactions take turns, and other statements wait for them. */
  let turn: Promise<void> = Promise.resolve();

  async function open(): Promise<TransactionConnection> {
    const connection = new TransactionConnection(await pool.checkout());
    try {
      await connection.begin(tenantId);
      return connection;
    } catch (error) {
      connection.abandon();
      throw error;
    }
  }

  function connection(): Promise<TransactionConnection> {
    if (over) throw new TransactionOver();
    return (opened ??= open());
  }

  async function takeTurn(): Promise<() => void> {
    const before = turn;
    let pass: () => void = () => undefined;
    turn = new Promise((resolve) => (pass = resolve));
    await before;
    return pass;
  }

  return {
    async query(statement) {
      const outer = await connection();
      await turn;
      return outer.send(statement);
    },
    async connect() {
      const outer = await connection();
      const savepoint = `nested_${++savepoints}`;
      let pass: () => void = () => undefined;
      const leave = async (statement: string): Promise<QueryResult> => {
        try {
          return await outer.send({ text: `${statement} ${savepoint}` });
        } finally {
          isNested = false;
          pass();
        }
      };
      return prismaClient(outer, {
        async begin() {
          pass = await takeTurn();
          isNested = true;
          return outer.send({ text: `savepoint ${savepoint}` });
        },
        commit: () => leave('release savepoint'),
        rollback: () => leave('rollback to savepoint'),
        release: () => pass(), // the connection is the outer transaction's
      });
    },
    async commit(last = null) {
      over = true;
      const outer = await opened;
      if (isNested) {
        await outer!.end('rollback');
        throw new Error('The transaction was rolled back: a nested write was still under way. Await every call.');
      }
      if (!last) await outer?.end('commit');
      else if (!outer) await singleStatements(pool, tenantId).query(last);
      else {
        const [sent, ended] = await Promise.allSettled([outer.send(last), outer.end('commit')]);
        if (sent.status === 'rejected') throw sent.reason; // the reason why the end was no commit
        if (ended.status === 'rejected') throw ended.reason;
      }
    },
    async rollback() {
      over = true;
      await (await opened)?.end('rollback');
    },
  };
}

interface NestedTransaction {
  begin(): Promise<QueryResult>;
  commit(): Promise<QueryResult>;
  rollback(): Promise<QueryResult>;
  release(): void;
}

/** The client Prisma's adapter gets for a transaction of its own: it sends BEGIN, COMMIT and ROLLBACK as statements. */
function prismaClient(connection: TransactionConnection, nested: NestedTransaction): PoolClient {
  const control: Record<string, () => Promise<QueryResult>> = {
    BEGIN: nested.begin,
    COMMIT: nested.commit,
    ROLLBACK: nested.rollback,
  };
  const facade = {
    query: (statement: QueryConfig) => (control[statement.text] ?? (() => connection.send(statement)))(),
    on: connection.on.bind(connection),
    removeListener: connection.removeListener.bind(connection),
    release: nested.release,
  };
  return facade as unknown as PoolClient; // the adapter uses these four and nothing else
}
