import { connectionOf, isUuid, parseInput, plainText, type Connection, type PageArguments } from '@inevitable/kit';
import { z } from 'zod';
import type { PlatformForgeWork } from '../context.js';
import type { Platform, Prisma } from '../generated/prisma/client.js';

const platformFilter = z.object({
  status: z.array(z.string()).nullish(),
  template: plainText({ min: 1, max: 100 }).nullish(),
  createdBy: z.string().nullish(),
  nameContains: plainText({ min: 1, max: 100 }).nullish(),
});

export interface PlatformsAsked extends PageArguments {
  readonly filter?: unknown;
}

/** A page of the tenant's platforms, newest first, in one statement; of those that `within` leaves. Throws `BadUserInput`. */
export function listPlatforms(
  db: PlatformForgeWork['db'],
  { filter, ...page }: PlatformsAsked,
  within: Prisma.PlatformWhereInput = {},
): Promise<Connection<Platform>> {
  const asked = parseInput(platformFilter, filter ?? {}, 'filter');
  return connectionOf<Platform>(page, ({ take, afterId }) =>
    db.platform.findMany({
      where: { AND: [within, ...conditionsOf(asked), afterId === null ? {} : { id: { lt: afterId } }] },
      orderBy: { id: 'desc' },
      take,
    }),
  );
}

/** Nobody has a malformed id: it lists what an unknown one does. */
const NONE = { id: { in: [] } };

function conditionsOf({
  status,
  template,
  createdBy,
  nameContains,
}: z.output<typeof platformFilter>): Prisma.PlatformWhereInput[] {
  return [
    { status: status ? { in: status } : { not: 'ARCHIVED' } },
    template == null ? {} : { template },
    createdBy == null ? {} : isUuid(createdBy) ? { createdBy } : NONE,
    nameContains == null ? {} : { name: { contains: literally(nameContains), mode: 'insensitive' } },
  ];
}

/** Prisma hands the text to ILIKE as it is, where `%` and `_` stand for any other. */
const literally = (text: string): string => text.replace(/[\\%_]/g, '\\$&');
