import { BadUserInput, requirePlatformAdmin } from '@inevitable/kit';
import type { QueryResolvers } from '../generated/resolvers.js';
import { nameAskedFor } from './name-asked-for.js';

const DAY_MS = 86_400_000;
const LONGEST_DAYS = 31;

export const jobHours: NonNullable<QueryResolvers['jobHours']> = (_parent, { name, from, to }, context) => {
  requirePlatformAdmin(context);
  const asked = nameAskedFor(name, 'name');
  const end = to ?? new Date();
  const begin = from ?? new Date(end.getTime() - DAY_MS);
  if (end.getTime() - begin.getTime() > LONGEST_DAYS * DAY_MS)
    throw new BadUserInput(`At most ${LONGEST_DAYS} days at once: give a later from, or an earlier to.`, 'from');
  return context.db.jobHour.findMany({
    where: { hour: { gte: begin, lt: end }, ...(asked !== undefined && { name: asked }) },
    orderBy: [{ hour: 'desc' }, { name: 'asc' }],
  });
};
