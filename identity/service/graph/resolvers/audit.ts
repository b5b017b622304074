import {
  connectionOf,
  parseInput,
  requirePermission,
  requirePlatformAdmin,
  requireTenant,
  type PageArguments,
} from '@inevitable/kit';
import { z } from 'zod';
import { readEvents, type SeenEvent } from '../../audit/read-events.js';
import { PLATFORM_CHAIN } from '../../audit/record-text.js';
import type { FlowDeps } from '../../flows/flow-deps.js';
import type { Tenant } from '../../generated/prisma/client.js';
import type { Rows } from '../../store/system-database.js';
import type { IdentityContext } from '../identity-context.js';

interface EventsAskedFor extends PageArguments {
  readonly filter?: unknown;
}

/** PostgreSQL has no text with the character 0, so nothing was ever recorded with it. */
const text = z
  .string()
  .max(255)
  .refine((of) => of.isWellFormed() && !of.includes('\0'), 'is no text');
const filterAskedFor = z
  .object({
    action: text.nullish(),
    actorId: text.nullish(),
    outcome: z.enum(['SUCCESS', 'REFUSED']).nullish(),
    from: z.date().nullish(),
    to: z.date().nullish(),
  })
  .nullish();

/** A tenant's administrators read their own chain, as the app role does: the database shows them no other one. */
export const auditResolvers = ({ db }: FlowDeps) => ({
  Query: {
    platformAuditEvents: (_root: unknown, asked: EventsAskedFor, context: IdentityContext) => {
      requirePlatformAdmin(context);
      return pageOf(db.rows, PLATFORM_CHAIN, asked);
    },
  },
  Tenant: {
    auditEvents: (_tenant: Tenant, asked: EventsAskedFor, context: IdentityContext) => {
      requirePermission(context, 'identity:audit:admin');
      const own: Rows = (statement, values = []) => context.db.$queryRawUnsafe(statement, ...values);
      return pageOf(own, requireTenant(context).id, asked);
    },
  },
});

function pageOf(rows: Rows, chain: string, { filter, ...page }: EventsAskedFor) {
  const wanted = parseInput(filterAskedFor, filter, 'filter') ?? {};
  return connectionOf<SeenEvent>(page, (toRead) => readEvents(rows, chain, wanted, toRead));
}
