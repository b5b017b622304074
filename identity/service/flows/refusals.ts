import { addressKey, CallerError, type SecurityEvent } from '@inevitable/contract';
import { appendAudit, type AuditEntry } from '../audit/append-audit.js';
import { TooManySignIns } from '../passwords/passwords.js';
import { claimAttempts } from '../throttling/claim-attempts.js';
import type { FlowDeps } from './flow-deps.js';

/** What a flow throws where it refuses: the caller gets `answer`, and the audit alone the reason. */
export class Refusal extends Error {
  readonly answer: CallerError;
  readonly subject: AuditEntry['subject'];

  constructor(answer: CallerError, reason: string, subject?: AuditEntry['subject']) {
    super(reason);
    this.answer = answer;
    this.subject = subject;
  }
}

/** Of one action, by one actor or from one address. Whoever is refused more often than this fills no chain that is kept for ever. */
const REFUSALS_KEPT = { attempts: 100, windowSeconds: 3_600 };

export type Refusable = Pick<AuditEntry, 'tenantId' | 'origin' | 'action'>;

interface Refusing extends Refusable {
  /** As what refusals are counted; nothing unless told. */
  readonly toldAs?: Extract<SecurityEvent, 'password reset refused'>;
}

/** Answers that the audit has, or is not to have, as told further in. */
const settled = new WeakSet<CallerError>();

/** For a flow that has appended its refusal itself: no `auditRefusals` around it does so again. */
export function audited<Answer extends CallerError>(answer: Answer): Answer {
  settled.add(answer);
  return answer;
}

/**
 * Runs what may refuse. Appends a refusal to the audit, after the transaction of `work`, and throws its answer: a `Refusal`
 * with its reason, and what a caller did wrong with its code. One within another appends it once, the inner one.
 */
export async function auditRefusals<T>(
  { toldAs, ...refusable }: Refusing,
  deps: FlowDeps,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const refusal = refusalIn(error);
    if (!refusal) throw error;
    const { answer, message: reason, subject } = refusal;
    if (toldAs) deps.securityEvent(toldAs, { reason });
    if (!settled.has(answer)) await keepRefusal(refusable, { reason, subject }, deps);
    throw audited(answer);
  }
}

function refusalIn(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error;
  // It is the server that has too much to do, and nothing was decided of this caller.
  if (!(error instanceof CallerError) || error instanceof TooManySignIns) return null;
  return new Refusal(error, error.code);
}

/** Appends a refusal, unless there are too many of its actor or of its tenant: the next one then says how many were left out. */
export async function keepRefusal(
  { tenantId, origin, action }: Refusable,
  { reason, subject }: { readonly reason: string; readonly subject?: AuditEntry['subject'] },
  { db, refusals, log }: Pick<FlowDeps, 'db' | 'refusals' | 'log'>,
): Promise<void> {
  const { actor, client } = origin;
  const who = actor.id ?? addressKey(client.address);
  const counted = `refusals:${action}:${actor.kind}:${who}`;
  if ((await claimAttempts(db.rows, [{ counted, ...REFUSALS_KEPT }])).kind === 'spent')
    return refusals.leaveOut(tenantId);
  const allowed = refusals.claim(tenantId);
  if (!allowed) return;
  const { leftOut } = allowed;
  log.info({ event: `${action} refused`, reason, tenantId });
  await appendAudit(db.rows, {
    tenantId,
    origin,
    action,
    outcome: 'refused',
    reason,
    ...(subject && { subject }),
    ...(leftOut > 0 && { details: { leftOut } }),
  });
}
