import type { GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { OperationSeen } from '../extensions/gateway-extension.js';
import { asksForData } from './asks-for-data.js';
import { compileInputCoordinates, type ReadInputs } from './input-coordinates.js';
import { operationSignature, type OperationSignature } from './operation-signature.js';

/** What is recorded of an operation, whoever sends it. */
export interface RecordableOperation extends OperationSignature {
  readonly operationName: string | null;
  readonly readInputs: ReadInputs | null;
}

type Operations = WeakMap<OperationDefinitionNode, RecordableOperation | null>;

/**
 * Finds once for each operation what is recorded of it, for all who record: the gateway keeps a document, and gives the same
 * nodes for it with each request, which cost less to look up than its hash. One that a reload carries over is found again for
 * its new schema. Null: it is not recorded.
 */
class RecordableOperations {
  readonly #known = new WeakMap<GraphQLSchema, Operations>();
  /** Of the schema that was asked for last, which is the same for hours. */
  #last: { readonly schema: GraphQLSchema; readonly operations: Operations } | null = null;

  /** Null also where nobody looked for it yet. */
  known({ definition, schema }: OperationSeen): RecordableOperation | null {
    return this.#operationsIn(schema).get(definition) ?? null;
  }

  of({ document, definition, schema }: OperationSeen): RecordableOperation | null {
    const operations = this.#operationsIn(schema);
    let operation = operations.get(definition);
    if (operation === undefined) {
      const signature = asksForData(document, definition) ? operationSignature(document, definition, schema) : null;
      operation = signature && {
        ...signature,
        operationName: definition.name?.value ?? null,
        readInputs: compileInputCoordinates(definition, schema),
      };
      operations.set(definition, operation);
    }
    return operation;
  }

  #operationsIn(schema: GraphQLSchema): Operations {
    if (this.#last?.schema === schema) return this.#last.operations;
    let operations = this.#known.get(schema);
    if (!operations) this.#known.set(schema, (operations = new WeakMap()));
    this.#last = { schema, operations };
    return operations;
  }
}

/** One for the process: it holds nothing that the gateway does not keep anyway. */
export const recordableOperations = new RecordableOperations();
