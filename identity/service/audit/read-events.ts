import { BadUserInput } from '@inevitable/contract';
import type { PageToRead } from '@inevitable/kit';
import type { Rows } from '../store/system-database.js';
import type { RecordContent, RecordedSubject } from './record-text.js';

export interface EventFilter {
  readonly action?: string | null | undefined;
  readonly actorId?: string | null | undefined;
  readonly outcome?: 'SUCCESS' | 'REFUSED' | null | undefined;
  /** Not before. */
  readonly from?: Date | null | undefined;
  /** Before. */
  readonly to?: Date | null | undefined;
}

/** An event as the graph shows it. */
export interface SeenEvent {
  readonly id: string;
  readonly at: Date;
  readonly action: string;
  readonly outcome: string;
  readonly actor: { readonly kind: string; readonly actorId: string | null };
  readonly onBehalfOf: string | null;
  readonly sessionId: string | null;
  readonly request: string | null;
  readonly reason: string | null;
  readonly subjects: readonly { readonly type: string; readonly subjectId: string }[];
  readonly details: object | null;
  readonly personal: object | null;
}

const PLACE = `
  select occurred_at::text as at, sequence::text as sequence from audit_events
  where tenant_id = $1::uuid and id = $2::uuid`;

/**
 * A page of one chain, the newest first. `rows`: of the chain's own tenant, or of the system role. Throws `BadUserInput` for
 * a cursor that is of another list.
 */
export async function readEvents(
  rows: Rows,
  chain: string,
  filter: EventFilter,
  { take, afterId }: PageToRead,
): Promise<readonly SeenEvent[]> {
  const values: unknown[] = [chain, take];
  const is = (condition: string, ...given: unknown[]): string =>
    condition.replaceAll('?', () => `$${values.push(given.shift())}`);
  const where = ['e.tenant_id = $1::uuid'];
  if (filter.action != null) where.push(is('e.action = ?', filter.action));
  if (filter.actorId != null) where.push(is('e.actor_id = ?', filter.actorId));
  // Written out: an index is made for these alone.
  if (filter.outcome != null)
    where.push(filter.outcome === 'REFUSED' ? "e.outcome = 'refused'" : "e.outcome = 'success'");
  if (filter.from != null) where.push(is('e.occurred_at >= ?::timestamptz', filter.from));
  if (filter.to != null) where.push(is('e.occurred_at < ?::timestamptz', filter.to));
  if (afterId !== null) {
    const [place] = await rows<{ at: string; sequence: string }>(PLACE, [chain, afterId]);
    if (!place) throw new BadUserInput('That is not a cursor of this list.', 'after');
    where.push(is('(e.occurred_at, e.sequence) < (?::timestamptz, ?::bigint)', place.at, place.sequence));
  }
  const found = await rows<{ record: string; data: object | null }>(
    `select e.record, p.data
     from audit_events e left join audit_personal p on p.tenant_id = e.tenant_id and p.event_id = e.id
     where ${where.join(' and ')}
     order by e.occurred_at desc, e.sequence desc limit $2::int`,
    values,
  );
  return found.map(({ record, data }) => seen(JSON.parse(record) as RecordContent, data));
}

const seen = (content: RecordContent, personal: object | null): SeenEvent => ({
  id: content.id,
  at: new Date(content.at),
  action: content.action,
  outcome: enumValue(content.outcome),
  actor: { kind: enumValue(content.actor.kind), actorId: content.actor.id },
  onBehalfOf: content.onBehalfOf ?? null,
  sessionId: content.session ?? null,
  request: content.request ?? null,
  reason: content.reason ?? null,
  subjects: subjectsOf(content).map(({ type, id }) => ({ type, subjectId: id })),
  details: content.details ?? null,
  personal,
});

const subjectsOf = ({ subject, subjects }: RecordContent): readonly RecordedSubject[] =>
  subjects ?? (subject ? [subject] : []);

/** `apiKey` is `API_KEY` in the graph. */
const enumValue = (name: string): string => name.replaceAll(/[A-Z]/g, '_$&').toUpperCase();
