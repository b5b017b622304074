import type { UserId } from '@inevitable/contract';
import { generateSecret, generateURI, verifySync } from 'otplib';

/** RFC 6238 as every authenticator app has it: 30 seconds, 6 digits, SHA-1, a secret of 160 bits. */
const STEP_SECONDS = 30;
const SHOWN_AS = 'Inevitable Cloud Stack';

/** What a secret is sealed under: it opens for no other person. */
export const totpSealName = (userId: UserId): string => `totp:${userId}`;

export const newTotpSecret = (): string => generateSecret();

/** What authenticator apps read from a QR code (Key URI format). */
export const totpUri = (secret: string, label: string): string => generateURI({ issuer: SHOWN_AS, label, secret });

/** The time step these digits are of: of now, the one before or the one after (RFC 6238, section 5.2); null: of none. */
export function stepOf(secret: string, digits: string, now: Date): number | null {
  const epoch = Math.floor(now.getTime() / 1_000);
  const found = verifySync({ secret, token: digits, epoch, epochTolerance: STEP_SECONDS });
  return found.valid && 'timeStep' in found ? found.timeStep : null;
}
