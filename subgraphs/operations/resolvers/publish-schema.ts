import { parseInput, plainText, requirePlatformAdmin, requireUser } from '@inevitable/kit';
import type { Publication } from '@inevitable/contract';
import { z } from 'zod';
import type { OperationsContext } from '../context.js';
import type { SchemaPublication } from '../generated/prisma/client.js';
import type { MutationResolvers } from '../generated/resolvers.js';
import { schemasAskedFor } from '../registry/schemas-asked-for.js';
import type { OperationsSources } from '../subgraph.js';

const MAX_FINDINGS = 1_000;

const versionNumber = z.number().int().min(1, 'is the number of a version: 1, 2, 3 …');
const reason = plainText({ min: 1, max: 1_000 }).nullish();

const about = z.object({
  gitRevision: plainText({ min: 1, max: 100, singleLine: true }).nullish(),
  forced: z.boolean(),
  findings: z.array(plainText({ min: 1, max: 2_000 })).max(MAX_FINDINGS, `must have at most ${MAX_FINDINGS} sentences`),
  reason,
  basedOn: versionNumber.nullish(),
});

const rollback = z.object({ to: versionNumber, reason, basedOn: versionNumber });

export const publishSchema =
  (sources: OperationsSources): NonNullable<MutationResolvers['publishSchema']> =>
  async (_parent, { input }, context) => {
    requirePlatformAdmin(context);
    const by = requireUser(context);
    const { gitRevision = null, forced, findings, reason = null, basedOn = null } = parseInput(about, input);
    const schemas = await schemasAskedFor(input);
    const published = await sources.upkeep.schemas.publish({
      ...schemas,
      by,
      gitRevision,
      forced,
      findings,
      reason,
      basedOn,
    });
    context.log.info({ version: published.version, forced, by }, 'a supergraph was published');
    return rowOf(published, context);
  };

export const rollbackSchema =
  (sources: OperationsSources): NonNullable<MutationResolvers['rollbackSchema']> =>
  async (_parent, { input }, context) => {
    requirePlatformAdmin(context);
    const by = requireUser(context);
    const { to, reason = null, basedOn } = parseInput(rollback, input);
    const published = await sources.upkeep.schemas.rollback({ to, by, reason, basedOn });
    context.log.info({ version: published.version, by }, 'the supergraph was rolled back');
    return rowOf(published, context);
  };

/** The registry writes as the system role, in a transaction of its own; what is answered is read as any publication is. */
const rowOf = ({ position }: Publication, { db }: OperationsContext): Promise<SchemaPublication> =>
  db.schemaPublication.findUniqueOrThrow({ where: { position } });
