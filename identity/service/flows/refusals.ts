import type { CallerError } from '@inevitable/contract';
import { appendAudit, type AuditEntry } from '../audit/append-audit.js';
import { addressKey } from '../throttling/address-key.js';
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

/** Of one action, by one actor or from one address. Whoever is refused more often than this fills a log, and no chain that is kept for ever. */
const REFUSALS_KEPT = { attempts: 100, windowSeconds: 3_600 };

export type Refusable = Pick<AuditEntry, 'tenantId' | 'origin' | 'action'>;

/** Runs a flow that may refuse. Appends a refusal to the audit after its transaction, and throws its answer. */
export async function auditRefusals<T>(
  { tenantId, origin, action }: Refusable,
  { db, log }: FlowDeps,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { message: reason, answer, subject } = error;
    log.info({ event: `${action} refused`, reason, tenantId });
    const { actor, client } = origin;
    const who = actor.id ?? (client.address === null ? '' : addressKey(client.address));
    const counted = `refusals:${action}:${actor.kind}:${who}`;
    if ((await claimAttempts(db.rows, [{ counted, ...REFUSALS_KEPT }])).kind === 'claimed')
      await appendAudit(db.rows, { tenantId, origin, action, outcome: 'refused', reason, ...(subject && { subject }) });
    throw answer;
  }
}
