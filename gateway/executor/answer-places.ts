import { Kind, type FieldNode, type SelectionSetNode } from 'graphql';
import type { ClientOperation } from './client-operation.js';
import { own } from './generated-code.js';

/** Response names and list positions (GraphQL specification, 7.1.3). */
export type AnswerPath = readonly (string | number)[];

const EACH = '@';

/** Calls `at` with every object at a plan's path and where it is, in the order in which fetches meet them. */
export function eachPlace(
  data: object,
  path: readonly (string | number)[],
  at: (place: object, where: AnswerPath) => void,
): void {
  const where: (string | number)[] = [];
  const step = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null) return;
    const key = path[depth];
    if (key === undefined) return at(value, [...where]);
    if (key !== EACH) {
      where.push(key);
      step(own(value, String(key)), depth + 1);
    } else if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) {
        where.push(index);
        step(value[index], depth + 1);
        where.pop();
      }
      return;
    } else return;
    where.pop();
  };
  step(data, 0);
}

/** Turns a place in what was fetched into the place the client knows: its own names, and nothing it did not ask for. */
export type ClientPath = (fetched: AnswerPath) => AnswerPath;

interface Shape {
  /** By planned name. */
  readonly fields: Map<string, { readonly name: string; readonly shape: Shape }>;
}

export function clientPaths(client: ClientOperation): ClientPath {
  const root = shapeOf([client.operation.selectionSet], client);
  return (fetched) => {
    const path: (string | number)[] = [];
    let shape = root;
    for (const key of fetched) {
      if (typeof key === 'number') {
        path.push(key);
        continue;
      }
      const field = shape.fields.get(key);
      if (!field) break;
      path.push(field.name);
      shape = field.shape;
    }
    return path;
  };
}

function shapeOf(sets: readonly SelectionSetNode[], client: ClientOperation): Shape {
  const groups = new Map<string, FieldNode[]>();
  const spread = new Set<string>();
  const visit = (set: SelectionSetNode): void => {
    for (const selection of set.selections) {
      if (!client.included(selection)) continue;
      if (selection.kind === Kind.FIELD) {
        const name = client.plannedName(selection);
        groups.set(name, [...(groups.get(name) ?? []), selection]);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) visit(selection.selectionSet);
      else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = client.fragments.get(selection.name.value);
        if (fragment) visit(fragment.selectionSet);
      }
    }
  };
  sets.forEach(visit);
  const fields: Shape['fields'] = new Map();
  for (const [planned, nodes] of groups) {
    const [first] = nodes;
    const below = nodes.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : []));
    fields.set(planned, {
      name: first!.alias?.value ?? first!.name.value,
      shape: shapeOf(below, client),
    });
  }
  return { fields };
}
