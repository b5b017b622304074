import { plainText } from '@inevitable/kit';
import { z } from 'zod';

/** Shorter than an id, so that a slug and an id are never confused. */
export const tenantSlug = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,30}$/, 'is 2 to 31 lower-case letters, digits and hyphens, a letter first');

export const tenantName = plainText({ min: 1, max: 200, singleLine: true });
