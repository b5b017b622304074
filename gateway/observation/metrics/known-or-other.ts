const OTHER = 'other';

/**
 * What is counted by a name that a file of ours gives, made when the name is first met. A reload may bring names: from
 * `most` on, all that are new are "other".
 */
export function knownOrOther<Counted>(most: number, make: (name: string) => Counted): (name: string) => Counted {
  const known = new Map<string, Counted>();
  function meet(name: string): Counted {
    const label = known.size < most ? name : OTHER;
    const met = known.get(label);
    if (met !== undefined) return met;
    const made = make(label);
    known.set(label, made);
    return made;
  }
  return (name) => known.get(name) ?? meet(name);
}
