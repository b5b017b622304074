import { Kind, type SelectionSetNode } from 'graphql';
import type { FetchRewrite } from '../planner/query-plan.js';
import { define, evaluate, literal, own, read, write } from './generated-code.js';
import { copyOf } from './copy-of.js';
import type { TypeConditions } from './type-conditions.js';

/**
 * Writes what a subgraph answered for an entity into a place of the answer. `again`: the entity went into another place
 * before, so what it holds is copied; later fetches may write different things into the two.
 */
export type Merge = (place: object, entity: object, again: boolean) => void;

/** Generates the merge of one selection: its response names, after the plan's output rewrites. */
export function compileMerge(
  selection: SelectionSetNode,
  rewrites: readonly FetchRewrite[],
  types: TypeConditions,
): Merge {
  const names = new Map<string, 'leaf' | 'nested'>();
  collectNames(selection, names);
  for (const rewrite of rewrites)
    if (rewrite.kind === 'KeyRenamer') names.set(rewrite.renameKeyTo, names.get(rewrite.path.at(-1)!) ?? 'nested');
  const lines = [...names].map(([name, kind]) => {
    const value = read('entity', name);
    if (name === '__typename')
      // An interface's name, from a subgraph with @interfaceObject, never stands in for a type that is known.
      return `if ((v = ${value}) !== undefined && (place.__typename === undefined || interfaces.has(place.__typename))) place.__typename = v;`;
    const merged = kind === 'leaf' ? 'v' : `mergeValue(${read('place', name)}, v, again, interfaces)`;
    return `if ((v = ${value}) !== undefined) { ${write('place', name, merged)} }`;
  });
  return evaluate<Merge>(`return (place, entity, again) => {\nlet v;\n${lines.join('\n')}\n};`, {
    own,
    define,
    mergeValue,
    interfaces: types.interfaces,
  });
}

function collectNames({ selections }: SelectionSetNode, into: Map<string, 'leaf' | 'nested'>): void {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD)
      into.set(selection.alias?.value ?? selection.name.value, selection.selectionSet ? 'nested' : 'leaf');
    else if (selection.kind === Kind.INLINE_FRAGMENT) collectNames(selection.selectionSet, into);
    else throw new Error(`A plan's fetch spreads fragment ${literal(selection.name.value)}; plans are made without.`);
  }
}

/**
 * Field by field, item by item; where only one side has something, that. `interfaces`: whose names say less of an object
 * than a type that is known (`@interfaceObject`).
 */
export function mergeValue(existing: unknown, value: unknown, copy: boolean, interfaces: ReadonlySet<string>): unknown {
  if (!isStructure(existing)) return copy ? copyOf(value) : value;
  if (!isStructure(value)) return existing; // a null beside an object another subgraph gave says nothing about it
  if (Array.isArray(existing)) {
    if (!Array.isArray(value)) return existing;
    const shorter = Math.min(existing.length, value.length);
    for (let index = 0; index < shorter; index++)
      existing[index] = mergeValue(existing[index], value[index], copy, interfaces);
    return existing;
  }
  if (Array.isArray(value)) return existing;
  for (const name of Object.keys(value)) {
    const incoming = value[name];
    if (incoming === undefined) continue;
    const known = own(existing, name);
    if (name === '__typename' && known !== undefined && !interfaces.has(String(known))) continue;
    define(existing, name, mergeValue(known, incoming, copy, interfaces));
  }
  return existing;
}

type Structure = Record<string, unknown> | unknown[];
const isStructure = (value: unknown): value is Structure => typeof value === 'object' && value !== null;
