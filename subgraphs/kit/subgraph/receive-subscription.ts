import { BadUserInput, CallerError, type ErrorCode, type RequestContext } from '@inevitable/contract';
import {
  getOperationAST,
  GraphQLError,
  OperationTypeNode,
  parse,
  validate,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { z } from 'zod';
import type { HostedSubgraph } from './host-subgraph.js';

/** The parameters of a GraphQL request, as every transport carries them (GraphQL over HTTP, 5.1). */
const parameters = z.object({
  query: z.string(),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
});

/** A document that is none, or does not fit this schema. */
class DocumentRefused extends CallerError {
  constructor(
    message: string,
    readonly code: ErrorCode,
  ) {
    super(message);
  }
}

/**
 * Starts a subscription that came over a wire, for a caller whose token was verified. Throws `CallerError` for what is
 * none – queries and mutations go by plain HTTP – and what `SubgraphHandle.subscribe` throws.
 */
export async function receiveSubscription(
  subgraph: HostedSubgraph,
  received: unknown,
  lastEventId: string | undefined,
  context: RequestContext,
): Promise<AsyncIterableIterator<ExecutionResult>> {
  const parsed = parameters.safeParse(received);
  if (!parsed.success) throw new BadUserInput('A request has a query, and may have operationName and variables.');
  const { query, operationName, variables } = parsed.data;
  const document = validDocument(query, subgraph.schema);
  const operation = getOperationAST(document, operationName);
  if (!operation) throw new BadUserInput('Give operationName one of the operations of the document.');
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION || !subgraph.subscribe)
    throw new BadUserInput('Only subscriptions are answered with a stream: send this as POST, and accept JSON.');
  return subgraph.subscribe(
    {
      query,
      document,
      ...(operationName != null && { operationName }),
      ...(variables && { variables }),
      ...(lastEventId !== undefined && { lastEventId }),
    },
    context,
  );
}

function validDocument(query: string, schema: GraphQLSchema): DocumentNode {
  let document;
  try {
    document = parse(query);
  } catch (error) {
    throw new DocumentRefused((error as GraphQLError).message, 'GRAPHQL_PARSE_FAILED');
  }
  const [invalid] = validate(schema, document);
  if (invalid) throw new DocumentRefused(invalid.message, 'GRAPHQL_VALIDATION_FAILED');
  return document;
}
