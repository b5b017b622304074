import { GraphQLIncludeDirective, GraphQLSkipDirective, visit, type DocumentNode } from 'graphql';
import { includedUnder, type ConditionValues } from '../executor/client-operation.js';
import { withoutSelections } from './without-selections.js';

/**
 * The document under these values of its conditions: without what `@skip` and `@include` leave out, and without them.
 * Apollo's planner hoists a condition from within a field to its whole fetch, and drops a field under two of them.
 */
export function decideConditions(document: DocumentNode, values: ConditionValues): DocumentNode {
  const included = includedUnder(values);
  return visit(
    withoutSelections(document, (selection) => !included(selection)),
    { Directive: ({ name }) => (CONDITIONS.has(name.value) ? null : undefined) },
  );
}

const CONDITIONS = new Set([GraphQLSkipDirective.name, GraphQLIncludeDirective.name]);
