/** Names and values by turns. Objects were made, copied and taken apart again with each answer (decisions/0034). */
export type Pairs = readonly string[];

export function hasName(pairs: Pairs, name: string): boolean {
  for (let at = 0; at < pairs.length; at += 2) if (pairs[at] === name) return true;
  return false;
}

/** Those of `one` that `other` does not have, and all of `other`: each name is there once. */
export function withPairs(one: Pairs, other: Pairs): Pairs {
  if (other.length === 0) return one;
  const all: string[] = [];
  for (let at = 0; at < one.length; at += 2) if (!hasName(other, one[at]!)) all.push(one[at]!, one[at + 1]!);
  for (const part of other) all.push(part);
  return all;
}
