import type { PublicJwk } from '@inevitable/contract';
import type { AuthTokens } from './flows/auth-tokens.js';
import type { refreshInput } from './flows/refresh-session.js';
import type { SignIn } from './flows/sign-in.js';
import type { z } from 'zod';

/** What identity's GraphQL and HTTP sides are made of: the flows, bound to what they work with. */
export interface IdentityService {
  /** Throws `Unauthenticated`, `BadUserInput` and `TooManySignIns`. */
  signIn(input: SignIn): Promise<AuthTokens>;
  /** Throws `Unauthenticated`. */
  refreshSession(input: z.output<typeof refreshInput>): Promise<AuthTokens>;
  signOut(input: z.output<typeof refreshInput>): Promise<void>;
  /** What access tokens are verified with. */
  publishedKeys(): Promise<readonly PublicJwk[]>;
  /** What context tokens of gateways are verified with. */
  liveContextKeys(): Promise<readonly PublicJwk[]>;
  /** `iss` of every token. */
  readonly issuer: string;
  /** Where clients reach the stack now; differs from `issuer` when the stack has moved. */
  readonly publicUrl: string;
}
