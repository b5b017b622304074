import type { ExecutionResult, GraphQLError } from 'graphql';

export interface SharedRepresentations {
  /** The fetch's variables with each representation once. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** The subgraph's answer, with every place that asked given the entity, or the error, of its representation. */
  expand(result: ExecutionResult): ExecutionResult;
}

/**
 * Asks for equal entities of one fetch once. A list of 100 notes by one author sends 100 equal representations, and the
 * same below each of them: without this one query can cost a subgraph the square of what it shows.
 * Answers null where there is nothing to share.
 */
export function shareRepresentations(variables: Readonly<Record<string, unknown>>): SharedRepresentations | null {
  const { representations } = variables;
  if (!Array.isArray(representations) || representations.length < 2) return null;
  const slots = new Map<string, number>();
  const unique: unknown[] = [];
  const slotOf = representations.map((representation: unknown) => {
    // The executor writes the keys of one selection in one order, so equal entities are equal text.
    const text = JSON.stringify(representation);
    const known = slots.get(text);
    if (known !== undefined) return known;
    slots.set(text, unique.length);
    return unique.push(representation) - 1;
  });
  if (unique.length === representations.length) return null;

  const placesOf: number[][] = unique.map(() => []);
  for (const [place, slot] of slotOf.entries()) placesOf[slot]!.push(place);
  return {
    variables: { ...variables, representations: unique },
    expand({ data, errors, ...rest }) {
      const entities = data?.['_entities'];
      return {
        ...rest,
        ...(data !== undefined && {
          data: Array.isArray(entities)
            ? { ...data, _entities: slotOf.map((slot) => entities[slot] as unknown) }
            : data,
        }),
        ...(errors && { errors: errors.flatMap((error) => atEveryPlace(error, placesOf)) }),
      };
    },
  };
}

function atEveryPlace(error: GraphQLError, placesOf: readonly (readonly number[])[]): GraphQLError[] {
  const [root, slot, ...below] = error.path ?? [];
  if (root !== '_entities' || typeof slot !== 'number') return [error];
  // Over HTTP it is a plain object, in process a GraphQLError: only what both have may be copied.
  return (placesOf[slot] ?? []).map((place) =>
    Object.assign(Object.create(error) as GraphQLError, { path: [root, place, ...below] }),
  );
}
