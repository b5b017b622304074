import type { RequestContext } from '@inevitable/contract';
import { Kind, OperationTypeNode, type DocumentNode, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import { conditionVariables } from '../executor/client-operation.js';
import { defersAnything } from '../executor/defer/expand-deferred.js';
import { checkVariables } from '../graphql-over-http/check-variables.js';
import { refused, shorten } from '../graphql-over-http/refuse-document.js';
import { badRequest } from '../graphql-over-http/request-refused.js';
import type { RequestRecord } from '../routing/request-record.js';
import type { AuthenticatedOperation } from './authenticate.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { IncrementalSpec } from './receive.js';
import type { EndSignal } from '../transports/end-signal.js';
import type { DocumentOperation, ValidDocument } from '../snapshot/valid-document.js';

/** One operation that fits the schema, with variables that fit the operation. */
export interface IdentifiedOperation {
  readonly document: ValidDocument;
  /** That the document fits. */
  readonly schema: GraphQLSchema;
  readonly operation: DocumentOperation;
  /** Those that the operation declares, as the client sent them; they were found to fit it. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly context: RequestContext;
  /** How the client reads what it defers; null: all in one answer, or it defers nothing. */
  readonly incremental: IncrementalSpec | null;
  /** When nobody waits for it any more; what `context.signal` tells the others. */
  readonly end: EndSignal;
  /** A header of the client's request, by lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** By `performance.now()`. */
  readonly identifiedAt: number;
  /** Null: nobody wants to know what becomes of it. */
  readonly record: RequestRecord | null;
}

/** Throws `RequestRefused` about the operation's name, its kind or the variables. */
export function identifyOperation(
  { received, context }: AuthenticatedOperation,
  document: ValidDocument,
  snapshot: Snapshot,
): IdentifiedOperation {
  const { operationName, variables, mayMutate, mayStream, header, facts } = received;

  const operation = operationOf(document, operationName, snapshot);
  const { definition } = operation;
  if (definition.operation === OperationTypeNode.SUBSCRIPTION && !mayStream)
    throw badRequest(
      'Subscribe over WebSocket (graphql-transport-ws), or accept text/event-stream or multipart/mixed;subscriptionSpec=1.0.',
      406,
    );
  if (definition.operation === OperationTypeNode.MUTATION && !mayMutate)
    throw badRequest('Send mutations with POST.', 405, ['allow', 'POST']);
  checkVariables(snapshot.schema, definition, variables, snapshot.rules.maySeeSchema(context));
  const declared = declaredVariables(definition, variables);
  // Nobody reads the others, which may fill the heap for as long as the operation waits, or a subscription lasts.
  if (declared !== variables) Object.assign(received, { variables: declared });
  return {
    document,
    schema: snapshot.schema,
    operation,
    variables: declared,
    context,
    incremental: operation.defers ? received.incremental : null,
    end: facts.end,
    header,
    identifiedAt: performance.now(),
    record: facts.record,
  };
}

/** The same object where all of them are. */
function declaredVariables(
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const sent = Object.keys(variables);
  if (sent.length === 0) return variables;
  const names = new Set(variableDefinitions.map(({ variable }) => variable.name.value));
  return sent.every((name) => names.has(name))
    ? variables
    : Object.fromEntries(sent.filter((name) => names.has(name)).map((name) => [name, variables[name]]));
}

/** What is known of one operation of the document, whoever sends it. Throws `RequestRefused` when it names none. */
export function operationOf(
  document: ValidDocument,
  operationName: string | null,
  snapshot: Snapshot,
): DocumentOperation {
  const key = operationName ?? '';
  let operation = document.operations.get(key);
  if (!operation) {
    const definition = chooseOperation(document.document, operationName);
    const conditions = conditionVariables(document.document, definition);
    const estimated = { definition, name: operationName, conditions };
    operation = {
      ...estimated,
      estimateCost: snapshot.estimateOf(document.document, estimated),
      defers: defersAnything(document.document),
      requirements: snapshot.authorization.requirementsOf(document.document, operationName),
    };
    document.operations.set(key, operation);
  }
  return operation;
}

function chooseOperation(document: DocumentNode, name: string | null): OperationDefinitionNode {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (name === null) {
    if (operations.length === 1) return operations[0]!;
    throw refused('BAD_USER_INPUT', [
      {
        message:
          operations.length === 0
            ? 'The document holds no operation.'
            : 'The document holds several operations; send "operationName".',
      },
    ]);
  }
  const named = operations.find((operation) => operation.name?.value === name);
  if (!named)
    throw refused('BAD_USER_INPUT', [{ message: `The document holds no operation named "${shorten(name)}".` }]);
  return named;
}
