import { assertNever, BadUserInput, Unauthenticated } from '@inevitable/contract';
import { ACCESS_TOKEN_SECONDS } from '../../tokens/issue-access-token.js';

/** RFC 6749, section 5.1, in our spelling. */
export interface AuthTokens {
  readonly accessToken: string;
  /** Absent for the loser of two racing refreshes: the winner has it. */
  readonly refreshToken?: string;
  readonly tokenType: 'Bearer';
  /** Seconds. */
  readonly expiresIn: number;
}

export const authTokens = (accessToken: string, refreshToken?: string): AuthTokens => ({
  accessToken,
  ...(refreshToken !== undefined && { refreshToken }),
  tokenType: 'Bearer',
  expiresIn: ACCESS_TOKEN_SECONDS,
});

/** `refused` carries no reason: the reader may be the attacker. The reason is in the log. */
export type AuthOutcome =
  | { readonly kind: 'granted'; readonly tokens: AuthTokens }
  | { readonly kind: 'tenantNeeded' }
  | { readonly kind: 'refused' };

export const refused: AuthOutcome = { kind: 'refused' };

/** The two refusals: one for whatever is wrong with a login, one for whatever is wrong with a session. */
export const SIGN_IN_REFUSED = 'The login or the password is wrong.';
export const SIGN_IN_AGAIN = 'Sign in again.';

/** The answer of a flow for GraphQL and REST alike. Throws `Unauthenticated` and `BadUserInput`. */
export function tokensOrRefusal(outcome: AuthOutcome, refusal: string): AuthTokens {
  switch (outcome.kind) {
    case 'granted':
      return outcome.tokens;
    case 'tenantNeeded':
      throw new BadUserInput('You belong to several tenants: name one in "tenant".', 'tenant');
    case 'refused':
      throw new Unauthenticated(refusal);
    default:
      return assertNever(outcome);
  }
}
