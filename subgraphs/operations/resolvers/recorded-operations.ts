import type { RecordedOperation } from '@inevitable/contract';
import { BadUserInput, connectionOf, requirePlatformAdmin } from '@inevitable/kit';
import type { QueryResolvers, RecordedOperationConnectionResolvers } from '../generated/resolvers.js';
import { isSignature } from '../usage/is-signature.js';
import { READ_OPERATIONS, readingOf } from '../usage/read-operations.js';

const DEFAULT_DAYS = 30;
/** As long as hours are kept. */
const MOST_DAYS = 90;

export const recordedOperations: NonNullable<QueryResolvers['recordedOperations']> = (_parent, args, context) => {
  requirePlatformAdmin(context);
  const days = args.days ?? DEFAULT_DAYS;
  if (days < 1 || days > MOST_DAYS) throw new BadUserInput(`days is a number from 1 to ${MOST_DAYS}.`, 'days');
  return connectionOf(
    args,
    async ({ take, afterId }) => {
      const page = readingOf({ days, first: take, after: afterId });
      const read = await context.db.$queryRawUnsafe<RecordedOperation[]>(READ_OPERATIONS, ...page);
      return read.map((operation) => ({ id: operation.signature, ...operation }));
    },
    isSignature,
  );
};

export const recordedOperationConnectionFields: RecordedOperationConnectionResolvers = {
  async since(_parent, _args, context) {
    const { _min: earliest } = await context.db.operation.aggregate({ _min: { firstSeenAt: true } });
    return earliest.firstSeenAt;
  },
  async leftOut(_parent, _args, context) {
    return (await context.db.usageLeftOut.findFirst())?.lastSeenAt ?? null;
  },
};
