import {
  auditRecord,
  BadUserInput,
  LARGEST_AUDIT_BATCH,
  type AuditRecord,
  type RefusedAuditRecord,
} from '@inevitable/contract';
import type { Rows, SystemDatabase } from '../store/system-database.js';
import { personalOf } from './append-audit.js';
import { FIRST_HASH, nextHash, PLATFORM_CHAIN, recordText } from './record-text.js';

/** Locked until the commit: positions grow in commit order, without a gap. */
const LOCK_HEAD = `
  insert into audit_heads as h (tenant_id, sequence, hash) values ($1, 0, $2)
  on conflict (tenant_id) do update set sequence = h.sequence
  returning sequence, hash`;

const APPEND = `
  with events as (
    insert into audit_events (tenant_id, sequence, id, occurred_at, record, hash)
    select $1, $2::bigint + e.number, e.id, e.at, e.record, e.hash
    from unnest($3::uuid[], $4::timestamptz[], $5::text[], $6::bytea[]) with ordinality e (id, at, record, hash, number)
  ), personal as (
    insert into audit_personal (tenant_id, event_id, user_id, salt, data)
    select $1, p.* from unnest($7::uuid[], $8::uuid[], $9::bytea[], $10::jsonb[]) p
  )
  update audit_heads set sequence = $2::bigint + cardinality($3::uuid[]), hash = $11 where tenant_id = $1`;

/**
 * Appends what products' mutations did to the chains of their tenants, in this order; what is there already is left. Answers
 * those that were refused: of an unknown tenant, or none that fits the contract. Throws `BadUserInput` for too many.
 */
export async function appendRecords(
  db: SystemDatabase,
  records: readonly AuditRecord[],
): Promise<readonly RefusedAuditRecord[]> {
  if (records.length > LARGEST_AUDIT_BATCH)
    throw new BadUserInput(`At most ${LARGEST_AUDIT_BATCH} records can be appended at once.`, 'records');
  const refused: RefusedAuditRecord[] = [];
  const chains = new Map<string, AuditRecord[]>();
  for (const record of records) {
    const { data, error } = auditRecord.safeParse(record);
    if (data) chains.set(chainOf(data), [...(chains.get(chainOf(data)) ?? []), data]);
    else refused.push({ id: String(record.id), why: inWords(error.issues[0]!) });
  }
  const known = await knownChains(db, [...chains.keys()]);
  // In the order of their ids: two that append to the same tenants at once meet at the first one, and none deadlocks.
  for (const [chain, its] of [...chains].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (known.has(chain)) await db.transaction((rows) => appendTo(rows, chain, its));
    else refused.push(...its.map(({ id }) => ({ id, why: 'There is no such tenant.' })));
  }
  return refused;
}

const chainOf = ({ tenantId }: AuditRecord): string => tenantId ?? PLATFORM_CHAIN;

async function knownChains({ rows }: SystemDatabase, chains: readonly string[]): Promise<ReadonlySet<string>> {
  const tenants = await rows<{ id: string }>('select id from tenants where id = any ($1::uuid[])', [chains]);
  return new Set([PLATFORM_CHAIN, ...tenants.map(({ id }) => id)]);
}

async function appendTo(rows: Rows, chain: string, records: readonly AuditRecord[]): Promise<void> {
  const [head] = await rows<{ sequence: string; hash: Buffer }>(LOCK_HEAD, [chain, FIRST_HASH]);
  const there = await rows<{ id: string }>(
    'select id from audit_events where tenant_id = $1 and id = any ($2::uuid[])',
    [chain, records.map(({ id }) => id)],
  );
  const seen = new Set(there.map(({ id }) => id));
  const events = records.filter(({ id }) => !seen.has(id) && seen.add(id)).map(eventOf);
  if (!events.length) return;
  let hash = head!.hash;
  const hashes = events.map(({ text }) => (hash = nextHash(hash, text)));
  const personal = events.flatMap((event) => (event.personal ? [{ ...event, personal: event.personal }] : []));
  await rows(APPEND, [
    chain,
    head!.sequence,
    events.map(({ id }) => id),
    events.map(({ at }) => at),
    events.map(({ text }) => text),
    hashes,
    personal.map(({ id }) => id),
    personal.map(({ userId }) => userId),
    personal.map((event) => event.personal.salt),
    personal.map((event) => JSON.stringify(event.personal.data)),
    hash,
  ]);
}

function eventOf({ id, tenantId, occurredAt, client, ...said }: AuditRecord) {
  const at = new Date(occurredAt).toISOString();
  const personal = personalOf(client);
  const text = recordText({
    id,
    tenant: tenantId,
    at,
    action: said.action,
    outcome: said.outcome,
    actor: said.actor,
    ...(said.onBehalfOf !== null && { onBehalfOf: said.onBehalfOf }),
    ...(said.sessionId !== null && { session: said.sessionId }),
    request: said.requestId,
    ...(said.reason !== null && { reason: said.reason }),
    ...(said.subjects.length > 0 && { subjects: said.subjects }),
    ...(said.leftOut > 0 && { details: { leftOut: said.leftOut } }),
    ...(personal && { personal: personal.hash }),
  });
  return { id, at, text, personal, userId: said.actor.kind === 'user' ? said.actor.id : null };
}

const inWords = ({ path, message }: { path: readonly PropertyKey[]; message: string }): string =>
  `${path.map(String).join('.') || 'the record'}: ${message}`;
