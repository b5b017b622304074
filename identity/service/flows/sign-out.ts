import type { z } from 'zod';
import { sessionOfRefreshToken } from '../tokens/refresh-tokens.js';
import { endSession } from '../tokens/sessions.js';
import type { FlowDeps } from './flow-deps.js';
import type { refreshInput } from './refresh-session.js';

/** Ends the session of a refresh token. The answer is the same for an unknown one (RFC 7009, section 2.2). */
export async function signOut({ refreshToken }: z.output<typeof refreshInput>, { db }: FlowDeps): Promise<void> {
  const sessionId = await sessionOfRefreshToken(db, refreshToken);
  if (sessionId) await db.transaction((rows) => endSession(rows, sessionId));
}
