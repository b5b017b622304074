import { createHash } from 'node:crypto';
import type { ErrorCode, RequestContext } from '@inevitable/contract';
import {
  coerceInputValue,
  GraphQLError,
  isInputType,
  isNonNullType,
  Kind,
  OperationTypeNode,
  parse,
  typeFromAST,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { Snapshot, ValidDocument } from '../executor/snapshot.js';
import type { EngineOperation } from '../executor/supergraph-engine.js';
import { badRequest, RequestRefused, type RefusedError } from '../graphql-over-http/request-refused.js';
import type { AuthenticatedOperation } from './authenticate.js';
import { rootFields, selectionDepth } from '../limits/selection-depth.js';

/** A document larger than this is no client's; the standard introspection query has about 300 tokens. */
const MAX_TOKENS = 5_000;
/** Introspection as tools send it is 15 deep; a screen's query is not half of that. */
const MAX_DEPTH = 25;
/** By response name, so that aliases count: each is work of its own. A screen asks for a dozen at most. */
const MAX_ROOT_FIELDS = 50;
const MAX_ERRORS = 10;
const MAX_MESSAGE_CHARACTERS = 300;

/** One operation that fits the schema, with variables that fit the operation. */
export interface IdentifiedOperation {
  readonly operation: EngineOperation;
  readonly context: RequestContext;
}

/** Throws `RequestRefused` about the document, the operation's name or the variables. */
export function identifyOperation(
  { received, context }: AuthenticatedOperation,
  snapshot: Snapshot,
): IdentifiedOperation {
  const { query, operationName, variables, mayMutate } = received;
  const { document, hash } = documentOf(query, snapshot);
  const definition = chooseOperation(document, operationName);
  if (definition.operation === OperationTypeNode.SUBSCRIPTION)
    throw refused('BAD_USER_INPUT', [{ message: 'Subscriptions are not served over plain HTTP.' }]);
  if (definition.operation === OperationTypeNode.MUTATION && !mayMutate)
    throw badRequest('Send mutations with POST.', 405, { allow: 'POST' });
  checkVariables(snapshot.schema, definition, variables);
  return { operation: { document, hash, source: query, operationName, variables }, context };
}

function documentOf(source: string, { documents, schema }: Snapshot): ValidDocument {
  const known = documents.get(source);
  if (known) return known;
  const document = parseAndValidate(source, schema);
  const valid = { document, hash: createHash('sha256').update(source).digest('hex') };
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

/** GraphQL specification, 6.1.2. Done here rather than by `getVariableValues` because that one names no path. */
function checkVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): void {
  const problems: FieldProblem[] = [];
  for (const { variable, type: typeNode, defaultValue } of operation.variableDefinitions ?? []) {
    const name = variable.name.value;
    const type = typeFromAST(schema, typeNode);
    if (!isInputType(type)) continue; // validation refused it before
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value === undefined) {
      if (!defaultValue && isNonNullType(type))
        problems.push({ message: `Variable "$${name}" of type "${type}" is required.`, field: name });
      continue;
    }
    coerceInputValue(value, type, (path, _value, error) => {
      const field = [name, ...path].join('.');
      problems.push({ message: shorten(`Variable "$${field}" does not fit: ${error.message}`), field });
    });
    if (problems.length >= MAX_ERRORS) break;
  }
  if (problems.length > 0) throw refused('BAD_USER_INPUT', problems.slice(0, MAX_ERRORS));
}

interface FieldProblem {
  readonly message: string;
  readonly field?: string;
  readonly locations?: RefusedError['locations'] | undefined;
}

const refused = (code: ErrorCode, problems: readonly FieldProblem[]): RequestRefused =>
  new RequestRefused({
    code,
    aboutDocument: true,
    errors: problems.map(({ message, field, locations }) => ({
      message: shorten(message),
      ...(locations && { locations }),
      extensions: { code, ...(field !== undefined && { field }) },
    })),
  });

/** A message may quote what was sent, and that may be a megabyte. */
const shorten = (text: string): string =>
  text.length > MAX_MESSAGE_CHARACTERS ? `${text.slice(0, MAX_MESSAGE_CHARACTERS)}…` : text;
