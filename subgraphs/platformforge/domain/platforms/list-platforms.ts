import { connectionOf, isUuid, parseInput, plainText, type Connection, type PageArguments } from '@inevitable/kit';
import { z } from 'zod';
import type { PlatformForgeWork } from '../../context.js';
import { Prisma, type Platform } from '../../generated/prisma/client.js';

const platformFilter = z.object({
  status: z.array(z.string()).nullish(),
  template: plainText({ min: 1, max: 100 }).nullish(),
  createdBy: z.string().nullish(),
  nameContains: plainText({ min: 1, max: 100 }).nullish(),
});

export interface PlatformsAsked extends PageArguments {
  readonly filter?: unknown;
}

/**
 * A page of the tenant's platforms, newest first, in one statement; of those `creator` asked for, where told. Throws
 * `BadUserInput`.
 */
export function listPlatforms(
  db: PlatformForgeWork['db'],
  { filter, ...page }: PlatformsAsked,
  creator?: string,
): Promise<Connection<Platform>> {
  const asked = parseInput(platformFilter, filter ?? {}, 'filter');
  return connectionOf<Platform>(page, ({ take, afterId }) => {
    const conditions = [...conditionsOf(asked), createdBy(creator), afterId && Prisma.sql`id < ${afterId}::uuid`];
    // By hand for the text alone: of Prisma's ILIKE PostgreSQL expects so few rows that it reads and sorts them all, where
    // it could walk the index and stop at the page's end (tests/soak/platforms.test.ts: 60 ms in place of 5).
    return db.$queryRaw<Platform[]>`
      select tenant_id as "tenantId", id, name, slug, template, parameters, status, failure_reason as "failureReason",
        generation_id as "generationId", artifact_id as "artifactId", artifact_bytes as "artifactBytes",
        artifact_sha256 as "artifactSha256", artifact_deployment as "artifactDeployment", expires_at as "expiresAt",
        created_by as "createdBy", created_at as "createdAt", updated_at as "updatedAt"
      from platforms where ${Prisma.join(conditions.filter(isGiven), ' and ')} order by id desc limit ${take}`;
  });
}

type Condition = Prisma.Sql | null | undefined | '';
const isGiven = (condition: Condition): condition is Prisma.Sql => condition instanceof Prisma.Sql;

const conditionsOf = ({
  status,
  template,
  createdBy: user,
  nameContains,
}: z.output<typeof platformFilter>): Condition[] => [
  status ? Prisma.sql`status = any(${status}::text[])` : Prisma.sql`status <> 'ARCHIVED'`,
  template && Prisma.sql`template = ${template}`,
  createdBy(user),
  nameContains && Prisma.sql`strpos(lower(name), lower(${nameContains})) > 0`,
];

/** Nobody has a malformed id: it lists what an unknown one does. */
const createdBy = (user: string | null | undefined): Condition =>
  user == null ? null : isUuid(user) ? Prisma.sql`created_by = ${user}::uuid` : Prisma.sql`false`;
