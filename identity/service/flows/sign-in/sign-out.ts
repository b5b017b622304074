import type { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { sessionOfRefreshToken } from '../../tokens/refresh-tokens.js';
import { endSession } from '../../tokens/end-sessions.js';
import type { FlowDeps } from '../flow-deps.js';
import type { refreshInput } from './refresh-session.js';

/** Ends the session of a refresh token. The answer is the same for an unknown one (RFC 7009, section 2.2). */
export async function signOut(
  { refreshToken }: z.output<typeof refreshInput>,
  origin: Origin,
  { db }: FlowDeps,
): Promise<void> {
  const session = await sessionOfRefreshToken(db, refreshToken);
  if (!session) return;
  await db.transaction(async (rows) => {
    await appendAudit(rows, {
      tenantId: session.tenantId,
      origin: { ...origin, actor: { kind: 'user', id: session.userId }, sessionId: session.sessionId },
      action: 'identity.sign-out',
      outcome: 'success',
      subject: { type: 'Session', id: session.sessionId },
    });
    await endSession(rows, session.sessionId);
  });
}
