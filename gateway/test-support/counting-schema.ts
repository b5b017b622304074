import { buildSchema } from 'graphql';

/** Its one subscription counts from 1. */
export const COUNTING_SCHEMA = buildSchema('type Query { a: Int } type Subscription { count(to: Int!): Int }');

COUNTING_SCHEMA.getSubscriptionType()!.getFields()['count']!.subscribe = async function* (
  _root,
  { to }: { readonly to: number },
) {
  for (let count = 1; count <= to; count++) yield { count };
};

export const countTo = (to: number) => ({
  query: 'subscription ($to: Int!) { count(to: $to) }',
  variables: { to },
  lastEventId: null,
});

export const countedTo = (to: number) => Array.from({ length: to }, (_, at) => ({ data: { count: at + 1 } }));
