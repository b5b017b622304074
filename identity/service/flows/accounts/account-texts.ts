import { isUuid, plainText } from '@inevitable/kit';
import { z } from 'zod';
import { canonicalLogin } from './canonical-login.js';

/** Canonical: whoever spells it otherwise has the same one. */
export const emailText = plainText({ min: 1, max: 320 })
  .transform(canonicalLogin)
  .pipe(z.email('is not an e-mail address').max(254));

/** Canonical, and without an `@`, so that it is never taken for an e-mail address. */
export const usernameText = plainText({ min: 1, max: 100 })
  .transform(canonicalLogin)
  .pipe(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,38}$/, 'is 1 to 39 letters, digits, dots, hyphens and underscores'))
  .refine((text) => !isUuid(text), 'must not look like an id');

export const displayNameText = plainText({ min: 1, max: 200, singleLine: true });

/** What a link in a mail carries; longer ones are not ours. */
export const linkTokenText = plainText({ min: 1, max: 200 });
