import { ACCESS_TOKEN_SECONDS, assertNever, BadUserInput, CallerError, Unauthenticated } from '@inevitable/contract';
import { audited } from '../refusals.js';

/** RFC 6749, section 5.1, in our spelling. */
export interface AuthTokens {
  readonly accessToken: string;
  /** Absent for the loser of two racing refreshes: the winner has it. */
  readonly refreshToken?: string;
  readonly tokenType: 'Bearer';
  /** Seconds. */
  readonly expiresIn: number;
  /** For the next sign-in from this device; a sign-in alone gives one. */
  readonly deviceToken?: string;
}

export const authTokens = (accessToken: string, refreshToken?: string): AuthTokens => ({
  accessToken,
  ...(refreshToken !== undefined && { refreshToken }),
  tokenType: 'Bearer',
  expiresIn: ACCESS_TOKEN_SECONDS,
});

/** Half a sign-in: what a code of the second factor is to be presented with. */
export interface Challenge {
  readonly challenge: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** `refused` carries no reason: the reader may be the attacker. The audit has it already. */
export type AuthOutcome =
  | { readonly kind: 'granted'; readonly tokens: AuthTokens }
  | { readonly kind: 'tenantNeeded' }
  | { readonly kind: 'secondFactorNeeded'; readonly challenge: Challenge }
  | { readonly kind: 'refused' };

export const refused: AuthOutcome = { kind: 'refused' };

/** One refusal for whatever is wrong with a login, one with half a sign-in, one with a session. */
export const SIGN_IN_REFUSED = 'The login or the password is wrong.';
export const CODE_REFUSED =
  'The code is wrong, or was used, or the sign-in took too long. Sign in again if it goes on.';
export const SIGN_IN_AGAIN = 'Sign in again.';

/** The password held; whoever sees this has proved to know it. */
export class SecondFactorRequired extends CallerError {
  readonly code = 'SECOND_FACTOR_REQUIRED';
  override readonly details: { readonly challenge: string; readonly expiresIn: number };
  constructor({ challenge, expiresIn }: Challenge) {
    super('Enter the code of your authenticator app, or a recovery code.');
    this.details = { challenge, expiresIn };
  }
}

/** The answer of a flow for GraphQL and REST alike. Throws `Unauthenticated`, `SecondFactorRequired` and `BadUserInput`. */
export function tokensOrRefusal(outcome: AuthOutcome, refusal: string): AuthTokens {
  switch (outcome.kind) {
    case 'granted':
      return outcome.tokens;
    case 'tenantNeeded':
      throw new BadUserInput('You belong to several tenants: name one in "tenant".', 'tenant');
    case 'secondFactorNeeded':
      throw audited(new SecondFactorRequired(outcome.challenge)); // half of it is done
    case 'refused':
      throw audited(new Unauthenticated(refusal));
    default:
      return assertNever(outcome);
  }
}
