import { BadUserInput, type Permission } from '@inevitable/contract';
import { plainText } from '@inevitable/kit';
import { z } from 'zod';

/** The scopes a client asks for. */
export const scopesInput = z
  .array(plainText({ min: 1, max: 200 }))
  .max(200, 'must have at most 200 scopes')
  .nullish();

/**
 * Throws `BadUserInput` for a scope that no product declares (RFC 6749, section 5.2, `invalid_scope`): a misspelt one
 * would otherwise be a token that quietly may too little. What the person's roles do not allow is left out of the token
 * without a word, now and at each refresh.
 */
export function assertKnownScopes(scopes: readonly string[] | null, catalogue: readonly Permission[]): void {
  const unknown = scopes?.findIndex((scope) => !catalogue.includes(scope)) ?? -1;
  if (unknown >= 0) throw new BadUserInput('No product declares this scope.', `scopes.${unknown}`);
}
