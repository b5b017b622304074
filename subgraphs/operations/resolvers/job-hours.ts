import { BadUserInput, requirePlatformAdmin } from '@inevitable/kit';
import type { QueryResolvers } from '../generated/resolvers.js';

const DAY_MS = 86_400_000;
const LONGEST_DAYS = 31;

export const jobHours: NonNullable<QueryResolvers['jobHours']> = (_parent, { name, from, to }, context) => {
  requirePlatformAdmin(context);
  const end = to ?? new Date();
  const begin = from ?? new Date(end.getTime() - DAY_MS);
  if (end.getTime() - begin.getTime() > LONGEST_DAYS * DAY_MS)
    throw new BadUserInput(`At most ${LONGEST_DAYS} days at once: give a later from, or an earlier to.`, 'from');
  return context.db.jobHour.findMany({
    where: { hour: { gte: begin, lt: end }, ...(name != null && { name }) },
    orderBy: [{ hour: 'desc' }, { name: 'asc' }],
  });
};
