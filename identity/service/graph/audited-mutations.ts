import { originOf } from '../audit/origin.js';
import type { FlowDeps } from '../flows/flow-deps.js';
import { auditRefusals } from '../flows/refusals.js';
import type { IdentityContext } from './identity-context.js';

type MutationResolver = (root: unknown, args: never, context: IdentityContext, info: never) => unknown;

/** Where the audit calls what a mutation does otherwise than the graph does, because several ways lead to it. */
const OTHERWISE: Readonly<Record<string, string>> = {
  completeSignIn: 'sign-in',
  requestPasswordReset: 'start-password-reset',
  startMemberPasswordReset: 'start-password-reset',
  changeEmail: 'start-email-change',
  confirmChangeEmail: 'confirm-email-change',
};

/** `identity.create-api-key` of `createApiKey`. */
const actionOf = (field: string): string =>
  `identity.${OTHERWISE[field] ?? field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/**
 * Root mutation fields whose every refusal is in the audit, in the chain of the caller's tenant or of none: with the flow's
 * own reason, and with the code where it was refused before any flow.
 */
export const auditedMutations = (
  fields: Readonly<Record<string, unknown>>,
  flows: FlowDeps,
): Readonly<Record<string, MutationResolver>> =>
  Object.fromEntries(
    Object.entries(fields as Readonly<Record<string, MutationResolver>>).map(([field, resolve]) => [
      field,
      (root, args, context, info) =>
        auditRefusals(
          { tenantId: context.tenant?.id ?? null, origin: originOf(context), action: actionOf(field) },
          flows,
          async () => resolve(root, args, context, info),
        ),
    ]),
  );
