import {
  LARGEST_AUDIT_BATCH,
  traceIdOf,
  type AuditPort,
  type AuditRecord,
  type EventBus,
  type JobRecord,
  type JobsPort,
} from '@inevitable/contract';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { NO_TENANT, type AuditPayload } from '../audit/audit-statement.js';
import { inTransaction } from '../database/index.js';
import type { JobOptions } from './outbox.js';
import type { OutboxMeasured } from './outbox-metrics.js';

export interface RelayDeps {
  readonly product: string;
  /** The product's system role. */
  readonly pool: Pool;
  readonly jobs: JobsPort;
  readonly events: EventBus;
  readonly audit: AuditPort;
  readonly log: Logger;
}

export interface Relay {
  readonly product: string;
  /** Sends what is unsent now; calls meanwhile are answered by one more pass. Never rejects. */
  wake(): void;
  /** null while it works; else why it does not. */
  readonly trouble: string | null;
  measured(): Promise<OutboxMeasured>;
  stop(): Promise<void>;
}

type Kind = 'event' | 'job' | 'audit';

interface OutboxRow {
  /** bigint, as text. */
  readonly sequence: string;
  readonly id: string;
  readonly tenant_id: string;
  readonly kind: Kind;
  readonly name: string;
  readonly aggregate: string;
  readonly payload: unknown;
  readonly correlation_id: string;
  readonly run_at: Date | null;
  readonly options: Partial<JobOptions>;
  readonly created_at: Date;
}

const BATCH = LARGEST_AUDIT_BATCH;
/** NOTIFY is a hint and can be lost; this is the promise. */
const POLL_MS = 1_000;

/**
 * Turns committed outbox records into events on the bus, jobs in the store and events of the audit, at least once, each kind
 * in order of `sequence`: for one aggregate that is the order of commit, as long as its writers change its row before they
 * write records.
 * One relay of a product works at a time (an advisory lock); the others stand by.
 * The job's key is the record's id, so a crash between "inserted" and "marked" makes no second job; nor a second event of
 * the audit. Nobody waits for the audit: it has a line of its own, so that an identity that hangs delays no job.
 */
export function startRelay(deps: RelayDeps): Relay {
  const work = startLine(deps, `outbox:${deps.product}`, ['job', 'event']);
  const audit = startLine(deps, `outbox:${deps.product}:audit`, ['audit']);
  return {
    product: deps.product,
    wake: work.wake,
    get trouble() {
      return work.trouble ?? audit.trouble;
    },
    async measured() {
      const { rows } = await deps.pool.query<{ unsent: number; oldest_ms: number }>(UNSENT);
      const { unsent, oldest_ms: oldestMs } = rows[0]!;
      const failures = work.failures + audit.failures;
      return { product: deps.product, unsent, oldestMs, failures, refused: work.refused + audit.refused };
    },
    async stop() {
      await Promise.all([work.stop(), audit.stop()]);
    },
  };
}

interface Line extends Omit<Relay, 'product' | 'measured'> {
  /** Since the start: passes that failed, and records that were set aside. */
  readonly failures: number;
  readonly refused: number;
}

/** As many as an operator cares to know of: to count them takes a look at each. */
const UNSENT = `
  select count(*)::int as unsent,
         (coalesce(extract(epoch from stack_now() - min(created_at)), 0) * 1000)::float8 as oldest_ms
  from (select created_at from outbox where sent_at is null and refused is null order by kind, sequence limit 10000) _`;

/** Sends records of these kinds, under a lock of that name. */
function startLine({ product, pool, jobs, events, audit, log }: RelayDeps, lock: string, kinds: readonly Kind[]): Line {
  let running: Promise<void> | null = null;
  let again = false;
  let stopped = false;
  let trouble: string | null = null;
  let failedPasses = 0;
  let setAside = 0;

  async function sendAll(): Promise<void> {
    do {
      again = false;
      // Each for itself: jobs go to the store although no bus takes the events, and the other way round.
      const failures: (Error | null)[] = [];
      for (const kind of kinds) failures.push(await failureOf(() => sendKind(kind)));
      const failure = failures.find((one) => one !== null);
      if (failure) failedPasses++;
      if (failure && trouble === null) log.warn({ product, err: failure }, 'outbox relay cannot send; it keeps trying');
      trouble = failure ? `outbox of "${product}": ${failure.message}` : null;
    } while (again && !stopped);
  }

  async function sendKind(kind: Kind): Promise<void> {
    while (!stopped && (await sendBatch(kind)) === BATCH);
  }

  const send: Readonly<Record<Kind, (rows: readonly OutboxRow[]) => Promise<Refused>>> = {
    job: sendJobs,
    event: sendEvents,
    audit: sendAudit,
  };

  /** Answers how many records it sent. */
  async function sendBatch(kind: Kind): Promise<number> {
    return inTransaction(pool, async (client) => {
      const { rows: locks } = await client.query<{ mine: boolean }>(
        'select pg_try_advisory_xact_lock(hashtext($1)) as mine',
        [lock],
      );
      if (!locks[0]?.mine) return 0;
      const { rows } = await client.query<OutboxRow>(
        `select sequence, id, tenant_id, kind, name, aggregate, payload, correlation_id, run_at, options, created_at
         from outbox where sent_at is null and refused is null and kind = $1 order by sequence limit ${BATCH}`,
        [kind],
      );
      if (rows.length) {
        const refused = await send[kind](rows);
        const sent = rows.filter((row) => !refused.has(row));
        await client.query('update outbox set sent_at = stack_now() where sequence = any($1) and sent_at is null', [
          sent.map(({ sequence }) => sequence),
        ]);
        setAside += refused.size;
        for (const [row, why] of refused)
          await client.query('update outbox set refused = $2 where sequence = $1', [row.sequence, why]);
      }
      return rows.length;
    });
  }

  /** Answers those the store refuses for what they are: they are set aside, or nothing after them would be sent. */
  async function sendJobs(rows: readonly OutboxRow[]): Promise<Refused> {
    const refused: Map<OutboxRow, string> = new Map();
    try {
      await jobs.insert(rows.map(jobRecord));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      for (const row of rows) {
        const why = await refusalOf(() => jobs.insert([jobRecord(row)]));
        if (why === null) continue;
        refused.set(row, why);
        log.error({ product, record: row.id, job: row.name, ...rowInLog(row), why }, 'the job store refuses a record');
      }
    }
    return refused;
  }

  async function sendEvents(rows: readonly OutboxRow[]): Promise<Refused> {
    for (const row of rows) {
      await events.publish({
        id: row.id,
        name: row.name,
        tenantId: row.tenant_id,
        aggregate: row.aggregate,
        payload: row.payload,
        occurredAt: row.created_at.toISOString(),
        correlationId: row.correlation_id,
        trace: row.options.trace ?? null,
      });
    }
    return NONE;
  }

  /** What identity will not append however often it is sent is set aside, as with jobs. */
  async function sendAudit(rows: readonly OutboxRow[]): Promise<Refused> {
    const refused: Map<OutboxRow, string> = new Map();
    for (const { id, why } of await audit.append(rows.map(auditRecordOf))) {
      const row = rows.find((one) => one.id === id);
      if (!row) continue;
      refused.set(row, why);
      log.error({ product, record: id, action: row.name, ...rowInLog(row), why }, 'the audit refuses a record');
    }
    return refused;
  }

  function wake(): void {
    if (stopped) return;
    again = true;
    running ??= sendAll().finally(() => {
      running = null;
    });
  }

  const poll = setInterval(wake, POLL_MS);
  wake();

  return {
    wake,
    get trouble() {
      return trouble;
    },
    get failures() {
      return failedPasses;
    },
    get refused() {
      return setAside;
    },
    async stop() {
      stopped = true;
      clearInterval(poll);
      await running;
    },
  };
}

const failureOf = (work: () => Promise<void>): Promise<Error | null> =>
  work().then(
    () => null,
    (error: unknown) => error as Error,
  );

type Refused = ReadonlyMap<OutboxRow, string>;
const NONE: Refused = new Map();

const jobRecord = (row: OutboxRow): JobRecord => ({
  id: row.id,
  name: row.name,
  tenantId: row.tenant_id,
  payload: row.payload,
  correlationId: row.correlation_id,
  trace: row.options.trace ?? null,
  onceKey: row.options.onceKey ?? null,
  priority: row.options.priority ?? 0,
  runAt: row.run_at?.toISOString() ?? null,
  after: row.options.after ?? [],
});

/** Records of the audit name no trace. */
const rowInLog = ({ tenant_id: tenant, correlation_id: correlationId, options }: OutboxRow): object => ({
  tenant,
  correlationId,
  traceId: traceIdOf(options.trace ?? null),
});

const auditRecordOf = (row: OutboxRow): AuditRecord => ({
  ...(row.payload as AuditPayload), // as auditStatement wrote it; identity parses it
  id: row.id,
  tenantId: row.tenant_id === NO_TENANT ? null : row.tenant_id,
  action: row.name,
  occurredAt: row.created_at.toISOString(),
  requestId: row.correlation_id,
});

/** PostgreSQL's classes 22 (data exception) and 23 (integrity constraint violation), and what cannot even be written down. */
const isRefusal = (error: unknown): boolean =>
  error instanceof RangeError || /^2[23]/.test((error as { code?: string }).code ?? '');

async function refusalOf(insert: () => Promise<void>): Promise<string | null> {
  try {
    await insert();
    return null;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return (error as Error).message;
  }
}
