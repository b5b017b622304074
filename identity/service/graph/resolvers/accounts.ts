import { parseInput } from '@inevitable/kit';
import { originOf } from '../../audit/origin.js';
import { changePassword, changePasswordInput } from '../../flows/accounts/change-password.js';
import { confirmEmailChange, confirmEmailChangeInput } from '../../flows/accounts/confirm-email-change.js';
import { register, registerInput } from '../../flows/accounts/register.js';
import { requireSelf } from '../../flows/accounts/require-self.js';
import { resetPassword, resetPasswordInput } from '../../flows/accounts/reset-password.js';
import { startEmailChange, startEmailChangeInput } from '../../flows/accounts/start-email-change.js';
import { startPasswordReset, startPasswordResetInput } from '../../flows/accounts/start-password-reset.js';
import { updateProfile, updateProfileInput } from '../../flows/accounts/update-profile.js';
import { verifyEmail, verifyEmailInput } from '../../flows/accounts/verify-email.js';
import type { FlowDeps } from '../../flows/flow-deps.js';
import type { IdentityContext } from '../identity-context.js';
import { findPerson } from './find-person.js';
import type { WithInput } from './with-input.js';

/** What people do for themselves: sign up, and change how they sign in and how they are called. */
export const accountResolvers = (flows: FlowDeps) => ({
  Mutation: {
    register: (_root: unknown, { input }: WithInput, context: IdentityContext) =>
      register(parseInput(registerInput, input), originOf(context), flows),
    verifyEmail: (_root: unknown, { input }: WithInput, context: IdentityContext) =>
      verifyEmail(parseInput(verifyEmailInput, input), originOf(context), flows),
    requestPasswordReset: (_root: unknown, { input }: WithInput, context: IdentityContext) =>
      startPasswordReset(parseInput(startPasswordResetInput, input), originOf(context), flows),
    resetPassword: async (_root: unknown, { input }: WithInput, context: IdentityContext) => {
      await resetPassword(parseInput(resetPasswordInput, input), originOf(context), flows);
      return { reset: true };
    },
    changePassword: async (_root: unknown, { input }: WithInput, context: IdentityContext) => {
      const self = requireSelf(context);
      await changePassword(parseInput(changePasswordInput, input), self, originOf(context), flows);
      return { changed: true };
    },
    changeEmail: (_root: unknown, { input }: WithInput, context: IdentityContext) => {
      const self = requireSelf(context);
      return startEmailChange(parseInput(startEmailChangeInput, input), self, originOf(context), flows);
    },
    confirmChangeEmail: (_root: unknown, { input }: WithInput, context: IdentityContext) =>
      confirmEmailChange(parseInput(confirmEmailChangeInput, input), originOf(context), flows),
    updateProfile: async (_root: unknown, { input }: WithInput, context: IdentityContext) => {
      const self = requireSelf(context);
      await updateProfile(parseInput(updateProfileInput, input), self, originOf(context), flows);
      return { user: await findPerson(context.db, self.userId) };
    },
  },
});
