import { z } from 'zod';
import type { Rows } from '../store/system-database.js';
import { FIRST_HASH, nextHash, personalHash, PLATFORM_CHAIN } from './record-text.js';

/** A place of a chain that was kept elsewhere, for finding out whether the chain was cut, or made anew, since. */
export interface KnownHead {
  readonly sequence: number;
  /** Hexadecimal. */
  readonly hash: string;
}

/** The first place at which a chain does not hold. */
export interface BrokenLink {
  readonly sequence: number;
  /** Of the event there; null: there is none. */
  readonly id: string | null;
  /** In words, of the event. */
  readonly what: string;
}

export interface VerifiedChain {
  /** How many events were looked at. */
  readonly events: number;
  /** Where it ends, and what it ends with; of an empty one 0 and zeros. */
  readonly head: KnownHead;
  readonly broken: BrokenLink | null;
}

/** How many events are read at a time: a chain is walked in little memory, however long it is. */
const PAGE = 1_000;

const HEAD = `
  select (select sequence from audit_heads where tenant_id = $1) as sequence,
    (select hash from audit_heads where tenant_id = $1) as hash,
    (select max(sequence) from audit_events where tenant_id = $1) as last,
    (select min(sequence) from audit_events where tenant_id = $1) as first`;

const EVENTS = `
  select e.sequence, e.id, e.occurred_at as at, e.record, e.hash, e.action, e.outcome, e.actor_id as actor, p.salt, p.data
  from audit_events e left join audit_personal p on p.tenant_id = e.tenant_id and p.event_id = e.id
  where e.tenant_id = $1 and e.sequence > $2 and e.sequence <= $3
  order by e.sequence limit ${PAGE}`;

interface HeadRow {
  readonly sequence: string | null;
  readonly hash: Buffer | null;
  readonly last: string | null;
  readonly first: string | null;
}

interface EventRow {
  readonly sequence: string;
  readonly id: string;
  readonly at: Date;
  readonly record: string;
  readonly hash: Buffer;
  readonly action: string;
  readonly outcome: string;
  readonly actor: string | null;
  readonly salt: Buffer | null;
  readonly data: object | null;
}

/**
 * Walks a chain up to where its head is now, and computes every hash again: what is appended meanwhile is of the next time.
 * `known`: a head that was kept elsewhere. Whoever owns the database can write a whole chain anew, hashes and head
 * included; nothing but a head that is kept elsewhere shows that.
 */
export async function verifyChain(rows: Rows, chain: string, known: readonly KnownHead[] = []): Promise<VerifiedChain> {
  const [stored] = await rows<HeadRow>(HEAD, [chain]);
  const head = { sequence: Number(stored!.sequence ?? 0), hash: (stored!.hash ?? FIRST_HASH).toString('hex') };
  const last = Number(stored!.last ?? 0);
  const wanted = new Map(known.map(({ sequence, hash }) => [sequence, hash]));
  let before: Buffer = FIRST_HASH;
  let sequence = 0;
  const brokenAt = (at: number, id: string | null, what: string): VerifiedChain => ({
    events: sequence,
    head,
    broken: { sequence: at, id, what },
  });

  const beyond = Math.max(head.sequence, last);
  if (Number(stored!.first ?? 1) < 1) return brokenAt(Number(stored!.first), null, 'is before the first place');
  while (sequence < beyond) {
    const page = await rows<EventRow>(EVENTS, [chain, sequence, beyond]);
    for (const event of page) {
      const at = Number(event.sequence);
      if (at !== sequence + 1) return brokenAt(sequence + 1, null, 'is missing');
      const what = faultOf(event, chain, before) ?? otherThanKnown(wanted.get(at), event.hash);
      if (what) return brokenAt(at, event.id, what);
      if (at > head.sequence) return brokenAt(at, event.id, 'is beyond the head of the chain');
      before = event.hash;
      sequence = at;
    }
    if (!page.length) return brokenAt(sequence + 1, null, 'is missing');
  }
  if (head.hash !== before.toString('hex'))
    return brokenAt(sequence, null, 'is the last one, and the head of the chain has another hash');
  const cut = known.find((one) => one.sequence > sequence);
  if (cut) return brokenAt(sequence + 1, null, `is missing: the chain once had ${cut.sequence} events`);
  return { events: sequence, head, broken: null };
}

/** What is wrong with an event by itself, and with the hash before; null: nothing. */
function faultOf({ record, hash, ...row }: EventRow, chain: string, before: Buffer): string | null {
  if (!nextHash(before, record).equals(hash))
    return 'does not follow from the one before: its record or its hash was changed';
  const content = contentOf(record);
  if (!content) return 'has a record that is none';
  if (content.id !== row.id) return 'has another id than its record';
  if ((content.tenant ?? PLATFORM_CHAIN) !== chain) return 'is the record of another chain';
  if (content.at !== row.at.toISOString()) return 'has another time than its record';
  if (content.action !== row.action || content.outcome !== row.outcome || content.actor.id !== row.actor)
    return 'is listed as something else than its record says';
  if (!row.salt || !row.data) return null; // erased, or there never was any
  if (content.personal !== personalHash(row.salt, row.data)) return 'has other personal data than it was recorded with';
  return null;
}

/** What of a record is kept beside it, too. Whoever could write any record could write anything into it. */
const comparable = z.object({
  id: z.string(),
  tenant: z.string().nullable(),
  at: z.string(),
  action: z.string(),
  outcome: z.string(),
  actor: z.object({ id: z.string().nullable() }),
  personal: z.string().optional(),
});

function contentOf(record: string): z.output<typeof comparable> | null {
  try {
    return comparable.parse(JSON.parse(record));
  } catch {
    return null;
  }
}

const otherThanKnown = (known: string | undefined, hash: Buffer): string | null =>
  known === undefined || known === hash.toString('hex') ? null : 'has another hash than the one that was kept of it';
