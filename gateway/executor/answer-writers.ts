import type { GraphQLCompositeType, GraphQLSchema, SelectionSetNode } from 'graphql';
import type { ClientOperation } from './client-operation.js';
import { compileAnswer, type WriteQuickly } from './compile-answer.js';
import { interpretAnswer, type WriteExactly } from './interpret-answer.js';

/** The writers of what is selected of one object, each made when it is needed. */
export interface AnswerWriters {
  /**
   * Null where fields may be denied, which the other one has to tell; and for the first answer: to generate a writer takes
   * longer than the other one takes for an answer, and most operations that are new are asked once.
   */
  quick(): WriteQuickly | null;
  exact(): WriteExactly;
}

export function answerWriters(
  schema: GraphQLSchema,
  client: ClientOperation,
  type: GraphQLCompositeType,
  sets: readonly SelectionSetNode[],
): AnswerWriters {
  let [quick, exact]: [WriteQuickly?, WriteExactly?] = [];
  let isFirst = true;
  return {
    quick() {
      if (client.mayDeny || isFirst) {
        isFirst = false;
        return null;
      }
      return (quick ??= compileAnswer(schema, client, type, sets));
    },
    exact: () => (exact ??= interpretAnswer(schema, client, type, sets)),
  };
}

/** Of the whole answer. */
export function operationWriters(schema: GraphQLSchema, client: ClientOperation): AnswerWriters {
  const { operation, selectionSet } = client.operation;
  const root = schema.getRootType(operation);
  if (!root) throw new Error(`The schema has no ${operation} type.`);
  return answerWriters(schema, client, root, [selectionSet]);
}
