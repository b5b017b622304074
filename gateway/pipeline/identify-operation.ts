import { createHash } from 'node:crypto';
import type { RequestContext } from '@inevitable/contract';
import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  parse,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { conditionVariables } from '../executor/client-operation.js';
import { defersAnything } from '../executor/defer/expand-deferred.js';
import { checkVariables } from '../graphql-over-http/check-variables.js';
import { MAX_ERRORS, refused, shorten } from '../graphql-over-http/refuse-document.js';
import { badRequest } from '../graphql-over-http/request-refused.js';
import type { AuthenticatedOperation } from './authenticate.js';
import { rootFields, selectionDepth } from '../limits/selection-depth.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { IncrementalSpec } from './receive.js';
import type { EndSignal } from '../transports/end-signal.js';
import type { DocumentOperation, ValidDocument } from '../snapshot/valid-document.js';

/** A document larger than this is no client's; the standard introspection query has about 300 tokens. */
const MAX_TOKENS = 5_000;
/** Introspection as tools send it is 15 deep; a screen's query is not half of that. */
const MAX_DEPTH = 25;
/** By response name, so that aliases count: each is work of its own. A screen asks for a dozen at most. */
const MAX_ROOT_FIELDS = 50;

/** One operation that fits the schema, with variables that fit the operation. */
export interface IdentifiedOperation {
  readonly document: ValidDocument;
  /** That the document fits. */
  readonly schema: GraphQLSchema;
  readonly operation: DocumentOperation;
  /** As the client sent them; they were found to fit the operation. */
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
}

/** Throws `RequestRefused` about the document, the operation's name or the variables. */
export function identifyOperation(
  { received, context }: AuthenticatedOperation,
  snapshot: Snapshot,
): IdentifiedOperation {
  const { query, operationName, variables, mayMutate, mayStream, header, facts } = received;

  const document = documentOf(query, snapshot);
  const operation = operationOf(document, operationName, snapshot);
  const { definition } = operation;
  if (definition.operation === OperationTypeNode.SUBSCRIPTION && !mayStream)
    throw badRequest(
      'Subscribe over WebSocket (graphql-transport-ws), or accept text/event-stream or multipart/mixed;subscriptionSpec=1.0.',
      406,
    );
  if (definition.operation === OperationTypeNode.MUTATION && !mayMutate)
    throw badRequest('Send mutations with POST.', 405, { allow: 'POST' });
  checkVariables(snapshot.schema, definition, variables);
  return {
    document,
    schema: snapshot.schema,
    operation,
    variables,
    context,
    incremental: operation.defers ? received.incremental : null,
    end: facts.end,
    header,
    identifiedAt: performance.now(),
  };
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
    operation = {
      definition,
      name: operationName,
      conditions: conditionVariables(document.document, definition),
      defers: defersAnything(document.document),
      requirements: snapshot.authorization.requirementsOf(document.document, operationName),
    };
    document.operations.set(key, operation);
  }
  return operation;
}

function documentOf(source: string, { documents, schema }: Snapshot): ValidDocument {
  const known = documents.get(source);
  if (known) return known;
  const document = parseAndValidate(source, schema);
  const valid = { document, source, hash: createHash('sha256').update(source).digest('hex'), operations: new Map() };
  documents.set(source, valid);
  return valid;
}

function parseAndValidate(source: string, schema: GraphQLSchema): DocumentNode {
  try {
    const document = parse(source, { maxTokens: MAX_TOKENS });
    const errors = validate(schema, document, undefined, { maxErrors: MAX_ERRORS });
    if (errors.length > 0) throw refused('GRAPHQL_VALIDATION_FAILED', errors);
    const depth = selectionDepth(document);
    if (depth > MAX_DEPTH)
      throw refused('GRAPHQL_VALIDATION_FAILED', [
        { message: `The document nests fields ${depth} deep; ${MAX_DEPTH} is the limit.` },
      ]);
    const roots = rootFields(document);
    if (roots > MAX_ROOT_FIELDS)
      throw refused('GRAPHQL_VALIDATION_FAILED', [
        { message: `An operation asks for ${roots} root fields, aliases included; ${MAX_ROOT_FIELDS} is the limit.` },
      ]);
    return document;
  } catch (error) {
    if (error instanceof GraphQLError) throw refused('GRAPHQL_PARSE_FAILED', [error]);
    // Parser and rules recurse; a document that exhausts the stack is the client's doing.
    if (error instanceof RangeError)
      throw refused('GRAPHQL_PARSE_FAILED', [{ message: 'The document is nested too deeply.' }]);
    throw error;
  }
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
