import { connectionOf, isUuid, parseInput, requirePermission, requireUser, type PageArguments } from '@inevitable/kit';
import { originOf } from '../../audit/origin.js';
import { requireSelf } from '../../flows/accounts/require-self.js';
import { ADMINISTER_API_KEYS, WRITE_API_KEYS } from '../../flows/api-keys/api-key-permissions.js';
import { createApiKey, createApiKeyInput } from '../../flows/api-keys/create-api-key.js';
import { revokeApiKey, revokeApiKeyInput } from '../../flows/api-keys/revoke-api-key.js';
import { rotateApiKey, rotateApiKeyInput } from '../../flows/api-keys/rotate-api-key.js';
import type { FlowDeps } from '../../flows/flow-deps.js';
import type { ActingMember } from '../../flows/members/acting-member.js';
import type { ApiKey, Tenant } from '../../generated/prisma/client.js';
import type { IdentityContext } from '../identity-context.js';
import { findPerson } from './find-person.js';
import type { WithInput } from './with-input.js';

interface Reference {
  readonly id: string;
}

/** Keys of programs. Only people make them: a key that made others would outlive its own revocation. */
export const apiKeyResolvers = (flows: FlowDeps) => ({
  Tenant: {
    apiKeys: (_tenant: Tenant, page: PageArguments, context: IdentityContext) => {
      const whose = visibleTo(context);
      return connectionOf<ApiKey>(page, ({ take, afterId }) =>
        context.db.apiKey.findMany({
          where: { ...whose, ...(afterId !== null && { id: { gt: afterId } }) },
          orderBy: { id: 'asc' },
          take,
        }),
      );
    },
  },
  ApiKey: {
    __resolveReference: async ({ id }: Reference, context: IdentityContext) =>
      isUuid(id) ? context.db.apiKey.findFirst({ where: { id, ...visibleTo(context) } }) : null,
    createdBy: ({ createdBy }: ApiKey, _args: unknown, { db }: IdentityContext) => findPerson(db, createdBy),
  },
  Mutation: {
    createApiKey: (_root: unknown, { input }: WithInput, context: IdentityContext) => {
      const by = oneself(context); // before the input: who may not ask learns nothing of what it takes
      return createApiKey(parseInput(createApiKeyInput, input), by, originOf(context), flows);
    },
    rotateApiKey: (_root: unknown, { input }: WithInput, context: IdentityContext) => {
      const by = oneself(context);
      return rotateApiKey(parseInput(rotateApiKeyInput, input), by, originOf(context), flows);
    },
    revokeApiKey: async (_root: unknown, { input }: WithInput, context: IdentityContext) => {
      const by = oneself(context);
      return { apiKey: await revokeApiKey(parseInput(revokeApiKeyInput, input), by, originOf(context), flows) };
    },
  },
});

/**
 * Which keys of the tenant the caller sees. Throws `Unauthenticated`, and `Forbidden` for who may have none and for keys:
 * they have none of their own.
 */
function visibleTo(context: IdentityContext): { readonly createdBy?: string } {
  if (context.may.has(ADMINISTER_API_KEYS)) return {};
  const createdBy = requireUser(context);
  requirePermission(context, WRITE_API_KEYS);
  return { createdBy };
}

/** A key that somebody made in another's name would go on acting as them when they have left. */
const oneself = (context: IdentityContext): ActingMember => ({ ...requireSelf(context), may: context.may });
