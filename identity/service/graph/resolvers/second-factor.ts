import { userOf } from '@inevitable/contract';
import { parseInput } from '@inevitable/kit';
import { originOf } from '../../audit/origin.js';
import { requireSelf } from '../../flows/accounts/require-self.js';
import type { FlowDeps } from '../../flows/flow-deps.js';
import { codeInput, confirmTotp } from '../../flows/second-factor/confirm-totp.js';
import { disableTotp } from '../../flows/second-factor/disable-totp.js';
import { enrolTotp, enrolTotpInput } from '../../flows/second-factor/enrol-totp.js';
import { findFactor } from '../../flows/second-factor/find-factor.js';
import { regenerateRecoveryCodes } from '../../flows/second-factor/regenerate-recovery-codes.js';
import type { IdentityContext } from '../identity-context.js';
import type { WithInput } from './with-input.js';

/** The caller's own second factor; nobody else's can be named. */
export const secondFactorResolvers = (flows: FlowDeps) => ({
  Viewer: {
    secondFactor: (_viewer: unknown, _args: unknown, { caller }: IdentityContext) => {
      const userId = userOf(caller);
      return userId && findFactor(flows.db, userId);
    },
  },
  Mutation: {
    enrolTotp: (_root: unknown, { input }: WithInput, context: IdentityContext) => {
      const self = requireSelf(context);
      return enrolTotp(parseInput(enrolTotpInput, input), self, originOf(context), flows);
    },
    confirmTotp: async (_root: unknown, { input }: WithInput, context: IdentityContext) => {
      const self = requireSelf(context);
      return { recoveryCodes: await confirmTotp(parseInput(codeInput, input), self, originOf(context), flows) };
    },
    disableTotp: async (_root: unknown, { input }: WithInput, context: IdentityContext) => {
      const self = requireSelf(context);
      await disableTotp(parseInput(codeInput, input), self, originOf(context), flows);
      return { disabled: true };
    },
    regenerateRecoveryCodes: async (_root: unknown, { input }: WithInput, context: IdentityContext) => {
      const self = requireSelf(context);
      const wanted = parseInput(codeInput, input);
      return { recoveryCodes: await regenerateRecoveryCodes(wanted, self, originOf(context), flows) };
    },
  },
});
