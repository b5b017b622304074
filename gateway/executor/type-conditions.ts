import { isAbstractType, isInterfaceType, type GraphQLSchema } from 'graphql';

/** Which `__typename`s satisfy a type condition in the supergraph. */
export interface TypeConditions {
  /**
   * Every type name that satisfies `... on condition`: the type itself, and for an abstract one all that it includes.
   * Interfaces are among them, because a subgraph with `@interfaceObject` answers an interface's name as `__typename`.
   */
  satisfying(condition: string): ReadonlySet<string>;
  /** Interfaces of the supergraph: as a `__typename` they stand in for an object type that is not known yet. */
  readonly interfaces: ReadonlySet<string>;
}

/** `supergraph`: the whole one, what clients cannot see included. */
export function typeConditions(supergraph: GraphQLSchema): TypeConditions {
  const known = new Map<string, ReadonlySet<string>>();
  const interfaces = new Set(
    Object.values(supergraph.getTypeMap())
      .filter(isInterfaceType)
      .map(({ name }) => name),
  );

  function namesOf(condition: string): ReadonlySet<string> {
    const type = supergraph.getType(condition);
    const names = new Set([condition]);
    if (!isAbstractType(type)) return names;
    for (const { name } of supergraph.getPossibleTypes(type)) names.add(name);
    if (isInterfaceType(type)) for (const { name } of supergraph.getImplementations(type).interfaces) names.add(name);
    return names;
  }

  return {
    interfaces,
    satisfying(condition) {
      let names = known.get(condition);
      if (!names) known.set(condition, (names = namesOf(condition)));
      return names;
    },
  };
}
