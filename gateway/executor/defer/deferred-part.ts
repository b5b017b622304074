import {
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type GraphQLCompositeType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import type { ClientOperation } from '../client-operation.js';
import { answerWriters, type AnswerWriters } from '../answer-writers.js';
import type { PlannedPart } from '../plan-steps.js';
import { onType } from '../plan-paths.js';
import { deferLabel } from './expand-deferred.js';

/** A part of the answer that follows the first: what one deferred fragment holds. */
export interface DeferredPart {
  /** The client's, or null. */
  readonly label: string | null;
  /** The part that holds the `@defer`: 0 for the first answer. It is sent before this one. */
  readonly within: number;
  /** Where the fragment stands: planned response names and the client's type conditions, without list items. */
  readonly path: readonly string[];
  readonly writers: AnswerWriters;
}

/** `client`: of a document of `expandDeferred`, as are its `clientLabels`. In the order of `parts`. */
export function compileDeferred(
  parts: readonly PlannedPart[],
  clientLabels: ReadonlyMap<string, string | null>,
  schema: GraphQLSchema,
  client: ClientOperation,
): readonly DeferredPart[] {
  if (parts.length === 0) return [];
  const fragments = deferredFragments(schema, client);
  return parts.map(({ label, within }): DeferredPart => {
    const fragment = fragments.get(label);
    if (!fragment) throw new Error(`The plan defers a fragment that the operation does not: ${label}.`);
    return {
      label: clientLabels.get(label) ?? null,
      within,
      path: fragment.path,
      writers: answerWriters(schema, client, fragment.parentType, [fragment.selectionSet]),
    };
  });
}

interface DeferredFragment {
  readonly path: readonly string[];
  readonly parentType: GraphQLCompositeType;
  /** The fragment alone, no longer deferred. */
  readonly selectionSet: SelectionSetNode;
}

/**
 * The planner names only one of several paths where it tells types apart, so paths are the client's. What is deferred stands
 * in the operation itself; in the fragments, labels are still what the client called them.
 */
function deferredFragments(schema: GraphQLSchema, client: ClientOperation): ReadonlyMap<string, DeferredFragment> {
  const fragments = new Map<string, DeferredFragment>();
  const types = new TypeInfo(schema);
  const path: string[] = [];
  visit(
    client.operation,
    visitWithTypeInfo(types, {
      Field: {
        enter: (field) => void path.push(client.plannedName(field)),
        leave: () => void path.pop(),
      },
      InlineFragment: {
        enter(fragment) {
          const { typeCondition } = fragment;
          if (typeCondition) path.push(onType(typeCondition.name.value));
          const label = deferLabel(fragment);
          const parentType = types.getParentType();
          if (label === null || !parentType) return;
          const selections = [{ ...fragment, directives: [] }];
          const selectionSet = { kind: Kind.SELECTION_SET, selections } as const;
          fragments.set(label, { parentType, selectionSet, path: [...path] });
        },
        leave({ typeCondition }) {
          if (typeCondition) path.pop();
        },
      },
    }),
  );
  return fragments;
}
