import {
  connectionOf,
  inOneCall,
  isUuid,
  parseInput,
  plainText,
  type Connection,
  type PageArguments,
  type PageToRead,
} from '@inevitable/kit';
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

/** A page of the tenant's platforms, newest first, in one statement. Throws `BadUserInput`. */
export function listPlatforms(
  db: PlatformForgeWork['db'],
  { filter, ...page }: PlatformsAsked,
): Promise<Connection<Platform>> {
  const asked = parseInput(platformFilter, filter ?? {}, 'filter');
  return connectionOf<Platform>(
    page,
    (toRead) => db.$queryRaw<Platform[]>`select ${COLUMNS} from ${pageOf(asked, toRead)} order by id desc`,
  );
}

/**
 * The same of those `creator` asked for. Pages of many creators that are asked for together, and alike, are one statement:
 * a list of platforms leads to whoever asked for them, and from there to all of theirs.
 */
export function listPlatformsOf(
  db: PlatformForgeWork['db'],
  creator: string,
  { filter, ...page }: PlatformsAsked,
): Promise<Connection<Platform>> {
  const asked = parseInput(platformFilter, filter ?? {}, 'filter');
  return connectionOf<Platform>(page, async (toRead) => {
    if (!isUuid(creator)) return []; // nobody has it
    return pagesOfCreators(JSON.stringify([asked, toRead] satisfies WhatOfEach) + creator.toLowerCase(), db);
  });
}

/** What of each creator's platforms. In front of the creator's id it is what a page is found by. */
type WhatOfEach = readonly [z.output<typeof platformFilter>, PageToRead];
const UUID_LENGTH = 36;

const pagesOfCreators = inOneCall(async (db: PlatformForgeWork['db'], keys: readonly string[]) => {
  const creatorsOf = new Map<string, string[]>();
  for (const key of keys) {
    const what = key.slice(0, -UUID_LENGTH);
    creatorsOf.set(what, [...(creatorsOf.get(what) ?? []), key.slice(-UUID_LENGTH)]);
  }
  const pages = new Map<string, Platform[]>(keys.map((key) => [key, []]));
  for (const [what, creators] of creatorsOf) {
    const [asked, toRead] = JSON.parse(what) as WhatOfEach;
    const rows = await db.$queryRaw<Platform[]>`
      select ${COLUMNS} from unnest(${creators}::uuid[]) as creator (user_id)
      cross join lateral ${pageOf(asked, toRead, Prisma.sql`created_by = user_id`)} order by id desc`;
    for (const row of rows) pages.get(what + row.createdBy)!.push(row);
  }
  return pages;
});

const COLUMNS = Prisma.sql`tenant_id as "tenantId", id, name, slug, template, parameters, status,
  failure_reason as "failureReason", generation_id as "generationId", artifact_id as "artifactId",
  artifact_bytes as "artifactBytes", artifact_sha256 as "artifactSha256", artifact_deployment as "artifactDeployment",
  expires_at as "expiresAt", created_by as "createdBy", created_at as "createdAt", updated_at as "updatedAt"`;

/**
 * One page, as a table. By hand for the text in names alone: of Prisma's ILIKE PostgreSQL expects so few rows that it reads
 * and sorts them all, where it could walk the index and stop at the page's end (tests/soak/platforms.test.ts: 60 ms in
 * place of 5).
 */
function pageOf(
  asked: z.output<typeof platformFilter>,
  { take, afterId }: PageToRead,
  ofWhom?: Prisma.Sql,
): Prisma.Sql {
  const conditions = [ofWhom, ...conditionsOf(asked), afterId && Prisma.sql`id < ${afterId}::uuid`].filter(isGiven);
  return Prisma.sql`(select * from platforms where ${Prisma.join(conditions, ' and ')} order by id desc limit ${take}) as platforms`;
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
