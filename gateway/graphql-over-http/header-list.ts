/**
 * Headers of an answer, names in lower case and values by turns, as Node's `writeHead` takes them. Objects of them were
 * made, copied and taken apart again with each answer, which cost 5 % of a small operation (decisions/0034).
 */
export type HeaderList = readonly string[];

export const NO_HEADERS: HeaderList = Object.freeze([]);

export const headerList = (byName: Readonly<Record<string, string>>): HeaderList => Object.entries(byName).flat();

export function hasHeader(list: HeaderList, name: string): boolean {
  for (let at = 0; at < list.length; at += 2) if (list[at] === name) return true;
  return false;
}

/** Those of `one` that `other` does not have, and all of `other`: each name is sent once. */
export function withHeaders(one: HeaderList, other: HeaderList): HeaderList {
  if (other.length === 0) return one;
  const all: string[] = [];
  for (let at = 0; at < one.length; at += 2) if (!hasHeader(other, one[at]!)) all.push(one[at]!, one[at + 1]!);
  for (const part of other) all.push(part);
  return all;
}
