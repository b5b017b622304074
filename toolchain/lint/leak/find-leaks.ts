export interface LeakType {
  /** By name: the type a field returns, and whether anybody may ask for it. */
  readonly fields: ReadonlyMap<string, { readonly returns: string; readonly isPublic: boolean }>;
  /** Types of the objects that may come where this one is named, besides itself. */
  readonly possible: readonly string[];
}

export interface LeakGraph {
  readonly types: ReadonlyMap<string, LeakType>;
  /** Where every operation begins. */
  readonly roots: readonly string[];
  /** Types whose objects are a tenant's. */
  readonly owned: ReadonlySet<string>;
}

/**
 * Which types of `owned` somebody without a tenant reaches, each with the shortest way there: coordinates of public fields,
 * one after the other. A way begins at a root or, where none does, at a type whose fields were opened: another subgraph may
 * lead to it by its key. A field that is not public is denied to whoever has no tenant, so that no way goes through it.
 */
export function findLeaks({ types, roots, owned }: LeakGraph): ReadonlyMap<string, readonly string[]> {
  const ways = new Map<string, readonly string[]>();
  const leaks = new Map<string, readonly string[]>();

  function walkFrom(starts: readonly string[]): void {
    const reached = starts.filter((name) => !ways.has(name));
    for (const name of reached) ways.set(name, []);
    // Grows while it is walked through: breadth first, so that the first way to a type is a shortest one.
    for (const name of reached) {
      const way = ways.get(name)!;
      for (const [field, { returns, isPublic }] of types.get(name)?.fields ?? []) {
        if (!isPublic) continue;
        const further = [...way, `${name}.${field}`];
        for (const next of [returns, ...(types.get(returns)?.possible ?? [])]) {
          if (owned.has(next) && !leaks.has(next)) leaks.set(next, further);
          if (ways.has(next)) continue;
          ways.set(next, further);
          reached.push(next);
        }
      }
    }
  }

  walkFrom(roots);
  const opened = [...types].flatMap(([name, { fields }]) =>
    [...fields.values()].some(({ isPublic }) => isPublic) ? [name] : [],
  );
  for (const name of opened) {
    if (ways.has(name)) continue;
    // Its own objects are what a public field of it shows.
    const [field] = [...types.get(name)!.fields].find(([, { isPublic }]) => isPublic)!;
    if (owned.has(name) && !leaks.has(name)) leaks.set(name, [`${name}.${field}`]);
  }
  walkFrom(opened);
  return leaks;
}
