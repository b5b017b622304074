import type { Entity, Representation } from '../graphql-subgraph.js';
import { BASKETS, CATEGORIES, edition, LINES, PERSONS, PRODUCTS, REVIEWS, STUDIOS, WAREHOUSES } from './data.js';

type Table = Readonly<Record<string, Entity>>;

const TABLES: Readonly<Record<string, Table>> = {
  Product: PRODUCTS,
  Book: PRODUCTS,
  Film: PRODUCTS,
  Person: PERSONS,
  Studio: STUDIOS,
  Category: CATEGORIES,
  Review: REVIEWS,
  Warehouse: WAREHOUSES,
  Basket: BASKETS,
  Line: LINES,
};
/** The columns that can tell one row from another. */
const KEYS = ['id', 'isbn', 'barcode', 'email', 'slug', 'code', 'name'];

/** The row a representation means, by whichever key it carries; null when there is none. */
export function entityOf(representation: Representation): Entity | null {
  if (representation.__typename === 'Edition') {
    const book = entityOf({ ...representation.book, __typename: 'Book' });
    return book && edition(book, representation.number);
  }
  const key = KEYS.find((column) => representation[column] !== undefined)!;
  return Object.values(TABLES[representation.__typename]!).find((row) => row[key] === representation[key]) ?? null;
}

/** The names by which faults know the entities of a type; a root type is known by its own. */
export const refsOf = (type: string): string[] =>
  type === 'Query' || type === 'Mutation'
    ? [type]
    : Object.values(TABLES[type] ?? {})
        .filter((row) => row.__typename === type)
        .map((row) => row.ref);
