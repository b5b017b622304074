import { appendAudit } from '../audit/append-audit.js';
import type { Origin } from '../audit/origin.js';
import { appendRevocations } from '../revocation/append-revocations.js';
import type { SigningKeyDeps } from './rotate-signing-keys.js';
import { changeSigningKeys, makeMissingKeys, type SigningKeyState } from './signing-keys.js';

export type KeyRevocation =
  | {
      readonly kind: 'revoked';
      /** What it was. */
      readonly state: SigningKeyState;
      /** What signs now. */
      readonly current: string;
    }
  | { readonly kind: 'unknown' };

/**
 * Withdraws a key that somebody else may have: it is published no more, its private half is gone, and every gateway refuses
 * what it signed, whatever date it bears. Where it was the current one the next takes over at once. Sessions stay: their
 * clients get new tokens with their refresh tokens.
 */
export const revokeSigningKey = (kid: string, origin: Origin, { db, seal }: SigningKeyDeps): Promise<KeyRevocation> =>
  changeSigningKeys(db, async (rows) => {
    const entry = { tenantId: null, origin, action: 'identity.revoke-signing-key' };
    const [revoked] = await rows<{ state: SigningKeyState }>(
      'delete from signing_keys where kid = $1 returning state',
      [kid],
    );
    if (!revoked) {
      await appendAudit(rows, { ...entry, outcome: 'refused', reason: 'no such key' });
      return { kind: 'unknown' };
    }
    await makeMissingKeys(rows, seal);
    const [signing] = await rows<{ kid: string }>(`select kid from signing_keys where state = 'current'`);
    const { state } = revoked;
    const current = signing!.kid;
    await appendAudit(rows, {
      ...entry,
      outcome: 'success',
      subject: { type: 'signingKey', id: kid },
      details: { state, current },
    });
    await appendRevocations(rows, 'signingKey', [kid]);
    return { kind: 'revoked', state, current };
  });
