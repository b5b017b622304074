import type { SessionId, TenantId, UserId } from '@inevitable/contract';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { Rows } from '../../store/system-database.js';
import { rememberDevice } from '../../tokens/known-devices.js';
import { endSurplusSessions } from '../../tokens/end-sessions.js';
import { openSession } from '../../tokens/sessions.js';

export interface SignedIn {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly amr: readonly string[];
  readonly scopes: readonly string[] | null;
  /** What the client presented of an earlier sign-in. */
  readonly deviceToken: string | null;
}

export interface OpenedSession {
  readonly sessionId: SessionId;
  readonly refreshToken: string;
  readonly deviceToken: string;
}

/** The session of somebody who has proved who they are: always a new one, from what is now a known device. */
export async function openAuditedSession(
  rows: Rows,
  { tenantId, userId, amr, scopes, deviceToken }: SignedIn,
  origin: Origin,
): Promise<OpenedSession> {
  const { agent, address } = origin.client;
  const session = await openSession(rows, { tenantId, userId, device: agent, address, amr, scopes });
  const device = await rememberDevice(rows, userId, deviceToken);
  await appendAudit(rows, {
    tenantId,
    origin: { ...origin, actor: { kind: 'user', id: userId }, sessionId: session.sessionId },
    action: 'identity.sign-in',
    outcome: 'success',
    details: { amr },
  });
  await endSurplusSessions(rows, userId);
  return { ...session, deviceToken: device };
}
