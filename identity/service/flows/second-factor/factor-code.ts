import { plainText } from '@inevitable/kit';
import { hashOfRecoveryCode } from './recovery-codes.js';

/** What a person enters: six digits of an authenticator app, or a recovery code, which is known by its hash alone. */
export type FactorCode =
  { readonly kind: 'otp'; readonly digits: string } | { readonly kind: 'recovery'; readonly hash: Buffer };

/** Either of the two from outside, with spaces and hyphens wherever somebody likes them. */
export const factorCode = plainText({ min: 1, max: 100 }).transform((text): FactorCode => {
  const written = text.replace(/[\s-]/g, '');
  return /^\d{6}$/.test(written)
    ? { kind: 'otp', digits: written }
    : { kind: 'recovery', hash: hashOfRecoveryCode(written) };
});
