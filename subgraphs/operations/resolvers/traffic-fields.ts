import type { StackStatusResolvers, StackTrafficResolvers } from '../generated/resolvers.js';
import type { OperationsSources } from '../subgraph.js';
import { readTraffic } from '../traffic/stack-traffic.js';

/** Whoever has a status is a platform administrator. */
export const stackStatusFields = ({ subgraphs }: OperationsSources): StackStatusResolvers => ({
  traffic: async ({ parts }, { minutes }, { db }) => readTraffic(db, minutes, { subgraphs, parts }),
});

export const stackTrafficFields: StackTrafficResolvers = {
  operations: (traffic, { by, first }) => traffic.operations(by, first),
  otherOperations: (traffic) => traffic.otherOperations(),
  subgraphs: (traffic) => traffic.subgraphs(),
  fetchHeat: (traffic, { first }) => traffic.fetchHeat(first),
};
