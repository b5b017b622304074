import {
  getEnterLeaveForKind,
  specifiedRules,
  validate,
  type ASTNode,
  type ASTVisitFn,
  type ASTVisitor,
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  type ValidationContext,
} from 'graphql';
import { isPlainlyValid } from './plainly-valid.js';

export interface ValidationOptions {
  readonly maxErrors: number;
  /** Names of the schema that would have been right are not told. */
  readonly hideSuggestions?: boolean;
}

/**
 * `validate` of graphql-js (GraphQL specification, 5), sooner for a document of usual size. Most are plainly valid, and no rule
 * need be asked. `validate` asks each of its rules about each kind of node that there is, before it looks at the document: here
 * all rules are one to it, and are asked about the kinds that occur.
 */
export function validateDocument(
  schema: GraphQLSchema,
  document: DocumentNode,
  options: ValidationOptions,
): readonly GraphQLError[] {
  if (isPlainlyValid(schema, document)) return [];
  return validate(schema, document, [specifiedRulesAsOne], options);
}

function specifiedRulesAsOne(context: ValidationContext): ASTVisitor {
  const visitors = specifiedRules.map((rule) => rule(context));
  /** By visitor: the node below which it looks at nothing. */
  const skipped: (ASTNode | null)[] = visitors.map(() => null);
  const kinds = new Map<ASTNode['kind'], readonly Visits[]>();

  function visitsOf(kind: ASTNode['kind']): readonly Visits[] {
    let visits = kinds.get(kind);
    if (!visits) {
      visits = visitors.flatMap((visitor, index) => {
        const { enter, leave } = getEnterLeaveForKind(visitor, kind);
        return enter || leave ? [{ visitor, index, enter, leave }] : [];
      });
      kinds.set(kind, visits);
    }
    return visits;
  }

  return {
    enter(...visit) {
      const [node] = visit;
      for (const { visitor, index, enter } of visitsOf(node.kind))
        if (skipped[index] === null && enter?.apply(visitor, visit) === false) skipped[index] = node;
    },
    leave(...visit) {
      const [node] = visit;
      for (const { visitor, index, leave } of visitsOf(node.kind))
        if (skipped[index] === null) leave?.apply(visitor, visit);
        else if (skipped[index] === node) skipped[index] = null;
    },
  };
}

/** What one rule does with the nodes of one kind. */
interface Visits {
  readonly visitor: ASTVisitor;
  readonly index: number;
  readonly enter: ASTVisitFn<ASTNode> | undefined;
  readonly leave: ASTVisitFn<ASTNode> | undefined;
}
