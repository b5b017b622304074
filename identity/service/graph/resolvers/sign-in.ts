import { parseInput } from '@inevitable/kit';
import { originOf } from '../../audit/origin.js';
import type { FlowDeps } from '../../flows/flow-deps.js';
import { CODE_REFUSED, SIGN_IN_AGAIN, SIGN_IN_REFUSED, tokensOrRefusal } from '../../flows/sign-in/auth-tokens.js';
import { completeSignIn, completeSignInInput } from '../../flows/sign-in/complete-sign-in.js';
import { refreshInput, refreshSession } from '../../flows/sign-in/refresh-session.js';
import { signIn, signInInput } from '../../flows/sign-in/sign-in.js';
import { signOut } from '../../flows/sign-in/sign-out.js';
import type { IdentityContext } from '../identity-context.js';
import type { WithInput } from './with-input.js';

/** Where nobody is signed in yet; the same as the routes below `/auth`. */
export const signInResolvers = (flows: FlowDeps) => ({
  Mutation: {
    signIn: async (_root: unknown, { input }: WithInput, context: IdentityContext) =>
      tokensOrRefusal(await signIn(parseInput(signInInput, input), originOf(context), flows), SIGN_IN_REFUSED),
    completeSignIn: async (_root: unknown, { input }: WithInput, context: IdentityContext) =>
      tokensOrRefusal(
        await completeSignIn(parseInput(completeSignInInput, input), originOf(context), flows),
        CODE_REFUSED,
      ),
    refreshSession: async (_root: unknown, { input }: WithInput, context: IdentityContext) =>
      tokensOrRefusal(await refreshSession(parseInput(refreshInput, input), originOf(context), flows), SIGN_IN_AGAIN),
    signOut: async (_root: unknown, { input }: WithInput, context: IdentityContext) => {
      await signOut(parseInput(refreshInput, input), originOf(context), flows);
      return { signedOut: true };
    },
  },
});
