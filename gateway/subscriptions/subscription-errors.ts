import { CallerError, OperatorError, toErrorBody } from '@inevitable/contract';
import type { GraphQLFormattedError } from 'graphql';
import { presentSubgraphError } from '../executor/present-errors.js';
import { RequestRefused } from '../graphql-over-http/request-refused.js';
import { StreamPayload } from '../streaming/client-stream.js';
import { SubscriptionRefused } from '../transports/subscription-refused.js';

/** The operation does not fit the supergraph any more that was taken over while it was subscribed. */
export class SubscriptionSchemaChanged extends CallerError {
  readonly code = 'SUBSCRIPTION_SCHEMA_CHANGED';
  constructor() {
    super('The schema has changed, and this subscription does not fit it any more.');
  }
}

/** The client read more slowly than events came, for longer than they are kept. */
export class ConsumerTooSlow extends CallerError {
  readonly code = 'SLOW_CONSUMER';
  constructor() {
    super('Events came faster than they were read. Subscribe again, with the last event id, to go on.');
  }
}

/** The last payload of a stream that something went wrong with. `subgraph`: the one it listens to. */
export const errorPayload = (error: unknown, subgraph?: string): StreamPayload =>
  new StreamPayload(JSON.stringify({ errors: errorsOf(error, subgraph) }));

function errorsOf(error: unknown, subgraph: string | undefined): readonly GraphQLFormattedError[] {
  if (error instanceof RequestRefused) return error.errors;
  if (error instanceof SubscriptionRefused && subgraph !== undefined)
    return error.errors.map((one) => presentSubgraphError(one, subgraph));
  const { message, extensions } = toErrorBody(error);
  return [
    {
      message,
      extensions: {
        ...extensions,
        ...(error instanceof OperatorError && subgraph !== undefined && { service: subgraph }),
      },
    },
  ];
}
