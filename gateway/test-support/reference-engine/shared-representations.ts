import type { ExecutionResult, GraphQLError } from 'graphql';

export interface SharedRepresentations {
  /** The fetch's variables with each representation once. */
  readonly variables: Readonly<Record<string, unknown>>;
  /**
   * The subgraph's answer, with every place that asked given the entity, or the error, of its representation. Equal
   * places share one object: copy before writing. Throws when the subgraph answered another number of entities.
   */
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
    const text = textOf(representation);
    const known = text === null ? undefined : slots.get(text);
    if (known !== undefined) return known;
    if (text !== null) slots.set(text, unique.length);
    return unique.push(representation) - 1;
  });
  if (unique.length === representations.length) return null;

  const placesOf: number[][] = unique.map(() => []);
  for (const [place, slot] of slotOf.entries()) placesOf[slot]!.push(place);
  return {
    variables: { ...variables, representations: unique },
    expand({ data, errors, ...rest }) {
      const entities = data?.['_entities'];
      // Spread, a list of the wrong length would have the right one, and nobody would see that entities are missing.
      if (Array.isArray(entities) && entities.length !== unique.length)
        throw new Error(`It answered ${entities.length} entities for ${unique.length} representations.`);
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
  return placesOf[slot]?.map((place) => withPath(error, [root, place, ...below])) ?? [withPath(error, undefined)];
}

/** Over HTTP an error is a plain object, in process a GraphQLError, perhaps a frozen one: it is inherited, not copied. */
const withPath = (error: GraphQLError, path: GraphQLError['path']): GraphQLError =>
  Object.create(error, { path: { value: path, enumerable: true } }) as GraphQLError;

/**
 * Equal for equal entities: the executor writes the keys of one selection in one order. Null where there is no text: a
 * subgraph in this process may have put a `bigint` into a scalar.
 */
function textOf(representation: unknown): string | null {
  try {
    return JSON.stringify(representation);
  } catch {
    return null;
  }
}
