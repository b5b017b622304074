import { Kind, type FieldNode, type SelectionSetNode } from 'graphql';
import type { ClientOperation } from './client-operation.js';
import { own } from './generated-code.js';
import { EACH } from './plan-paths.js';

/** Response names and list positions (GraphQL specification, 7.1.3). */
export type AnswerPath = readonly (string | number)[];

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

export function clientPaths(client: ClientOperation): ClientPath {
  const root = new Shape([client.operation.selectionSet], client);
  return (fetched) => {
    const path: (string | number)[] = [];
    let shape = root;
    for (const key of fetched) {
      if (typeof key === 'number') {
        path.push(key);
        continue;
      }
      const field = shape.field(key);
      if (!field) break;
      path.push(field.name);
      shape = field.shape;
    }
    return path;
  };
}

interface ShapeField {
  /** The client's. */
  readonly name: string;
  readonly shape: Shape;
}

/** What the client selected of an object, whatever its type. Looked at where a path leads, and no further. */
class Shape {
  readonly #sets: readonly SelectionSetNode[];
  readonly #client: ClientOperation;
  #fields: ReadonlyMap<string, ShapeField> | null = null;

  constructor(sets: readonly SelectionSetNode[], client: ClientOperation) {
    this.#sets = sets;
    this.#client = client;
  }

  field(planned: string): ShapeField | undefined {
    this.#fields ??= this.#collect();
    return this.#fields.get(planned);
  }

  #collect(): ReadonlyMap<string, ShapeField> {
    const groups = new Map<string, [FieldNode, ...FieldNode[]]>();
    const spread = new Set<string>();
    const visit = (set: SelectionSetNode): void => {
      for (const selection of set.selections) {
        if (!this.#client.included(selection)) continue;
        if (selection.kind === Kind.FIELD) {
          const name = this.#client.plannedName(selection);
          const group = groups.get(name);
          if (group) group.push(selection);
          else groups.set(name, [selection]);
        } else if (selection.kind === Kind.INLINE_FRAGMENT) visit(selection.selectionSet);
        else if (!spread.has(selection.name.value)) {
          spread.add(selection.name.value);
          const fragment = this.#client.fragments.get(selection.name.value);
          if (fragment) visit(fragment.selectionSet);
        }
      }
    };
    this.#sets.forEach(visit);
    return new Map(
      [...groups].map(([planned, nodes]) => {
        const [{ alias, name }] = nodes;
        const below = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
        return [planned, { name: alias?.value ?? name.value, shape: new Shape(below, this.#client) }];
      }),
    );
  }
}
