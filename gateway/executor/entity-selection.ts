import {
  Kind,
  print,
  stripIgnoredCharacters,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type VariableDefinitionNode,
} from 'graphql';
import type { FetchRewrite } from '../planner/query-plan.js';

/** What a planner calls the variable with the entities that are asked for. */
export const REPRESENTATIONS = 'representations';

/** What is asked of each entity. Steps of one group with an equal selection ask together. */
export interface EntitySelection {
  /** Asks for it alone, as the plan wrote it. */
  readonly document: string;
  readonly selectionSet: SelectionSetNode;
  /** Of the client's variables, without `representations`. */
  readonly definitions: readonly VariableDefinitionNode[];
  readonly operationName: string | undefined;
  /** Equal text, equal meaning. Made when it is needed: most steps have nobody to be compared with. */
  text(): string;
}

/** `document`: the text of `operation`. Null: it does not ask for entities. */
export function entitySelection(
  document: string,
  operation: OperationDefinitionNode,
  rewrites: readonly FetchRewrite[],
): EntitySelection | null {
  const [entities] = operation.selectionSet.selections;
  if (entities?.kind !== Kind.FIELD || entities.name.value !== '_entities' || !entities.selectionSet) return null;
  const { selectionSet } = entities;
  let text: string | null = null;
  return {
    document,
    selectionSet,
    definitions: (operation.variableDefinitions ?? []).filter(
      ({ variable }) => variable.name.value !== REPRESENTATIONS,
    ),
    operationName: operation.name?.value,
    text: () => (text ??= stripIgnoredCharacters(print(selectionSet)) + JSON.stringify(rewrites)),
  };
}
