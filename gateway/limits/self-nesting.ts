import {
  isCompositeType,
  isObjectType,
  isInterfaceType,
  Kind,
  getNamedType,
  type DocumentNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsIn } from '../executor/client-operation.js';

export interface SelfNesting {
  /** `Type.field`, the type being the one that the document asks it of. */
  readonly field: string;
  /** Of all ways from a root down, the one that goes through it most often. */
  readonly times: number;
}

/** How often each field lies on a way down, at most. */
type Times = ReadonlyMap<string, number>;
const NOTHING: Times = new Map();

/**
 * The field that lies below itself most often, fragments followed; null: the document asks for none. Looks at each fragment
 * once. Introspection does not count: how far its lists may be nested is a rule of graphql-js. The document is valid.
 */
export function deepestSelfNesting(document: DocumentNode, schema: GraphQLSchema): SelfNesting | null {
  const fragments = fragmentsIn(document);
  const ofFragments = new Map<string, Times>();

  function timesIn({ selections }: SelectionSetNode, type: GraphQLNamedType | undefined): Times {
    if (!isCompositeType(type) || type.name.startsWith('__')) return NOTHING;
    const most = new Map<string, number>();
    for (const selection of selections) {
      let below: Times;
      if (selection.kind === Kind.FRAGMENT_SPREAD) below = timesInFragment(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const { typeCondition, selectionSet } = selection;
        below = timesIn(selectionSet, typeCondition ? schema.getType(typeCondition.name.value) : type);
      } else {
        const { name, selectionSet } = selection;
        const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name.value] : undefined;
        if (!field || !selectionSet) continue; // a leaf has nothing below it
        below = timesIn(selectionSet, getNamedType(field.type));
        const coordinate = `${type.name}.${name.value}`;
        raise(most, coordinate, (below.get(coordinate) ?? 0) + 1);
      }
      for (const [coordinate, times] of below) raise(most, coordinate, times);
    }
    return most;
  }

  function timesInFragment(name: string): Times {
    let times = ofFragments.get(name);
    if (!times) {
      const { selectionSet, typeCondition } = fragments.get(name)!;
      ofFragments.set(name, (times = timesIn(selectionSet, schema.getType(typeCondition.name.value))));
    }
    return times;
  }

  let deepest: SelfNesting | null = null;
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const [field, times] of timesIn(
      definition.selectionSet,
      schema.getRootType(definition.operation) ?? undefined,
    ))
      if (!deepest || times > deepest.times) deepest = { field, times };
  }
  return deepest;
}

function raise(most: Map<string, number>, coordinate: string, times: number): void {
  if (times > (most.get(coordinate) ?? 0)) most.set(coordinate, times);
}
