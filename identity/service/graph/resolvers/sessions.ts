import { connectionOf, parseInput, type PageArguments } from '@inevitable/kit';
import { originOf } from '../../audit/origin.js';
import { requireSelf } from '../../flows/accounts/require-self.js';
import type { FlowDeps } from '../../flows/flow-deps.js';
import { endOwnSession, endSessionInput } from '../../flows/sessions/end-own-session.js';
import { listOwnSessions, type OwnSession } from '../../flows/sessions/list-own-sessions.js';
import { signOutEverywhere, signOutEverywhereInput } from '../../flows/sessions/sign-out-everywhere.js';
import { switchTenant, switchTenantInput } from '../../flows/sessions/switch-tenant.js';
import type { IdentityContext } from '../identity-context.js';
import type { WithInput } from './with-input.js';

/** Where the viewer is signed in: theirs alone, whoever else may administer the tenant. */
export const sessionResolvers = (flows: FlowDeps) => ({
  Mutation: {
    switchTenant: (_root: unknown, { input }: WithInput, context: IdentityContext) => {
      const self = requireSelf(context);
      return switchTenant(parseInput(switchTenantInput, input), self, originOf(context), flows);
    },
    async endSession(_root: unknown, { input }: WithInput, context: IdentityContext) {
      const self = requireSelf(context);
      await endOwnSession(parseInput(endSessionInput, input), self, originOf(context), flows);
      return { ended: true };
    },
    async signOutEverywhere(_root: unknown, { input }: WithInput, context: IdentityContext) {
      const self = requireSelf(context);
      return {
        ended: await signOutEverywhere(parseInput(signOutEverywhereInput, input), self, originOf(context), flows),
      };
    },
  },
  Viewer: {
    sessions: (_viewer: unknown, page: PageArguments, context: IdentityContext) => {
      const { userId } = requireSelf(context);
      return connectionOf<OwnSession>(page, (wanted) => listOwnSessions(flows.db, userId, wanted));
    },
  },
  OwnSession: {
    isCurrent: ({ id }: OwnSession, _args: unknown, { sessionId }: IdentityContext) => id === sessionId,
  },
});
