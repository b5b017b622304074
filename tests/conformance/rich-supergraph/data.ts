import type { Entity } from '../graphql-subgraph.js';

/**
 * A second-hand shop for books and films. Every subgraph and the oracle read these tables, so a wrong answer can only
 * come from the way it was put together. `ref` is the entity's name in faults; no schema shows it.
 *
 * What is odd here is odd on purpose: b3 has neither weight nor size (null for a `@requires`), f2 has no category,
 * lists hold null, and the author of b3 is nobody anybody knows.
 */
const entities = (typename: string, rows: Readonly<Record<string, object>>): Readonly<Record<string, Entity>> =>
  Object.fromEntries(
    Object.entries(rows).map(([ref, row]) => [ref, { __typename: typename, ref, id: ref, ...row } as Entity]),
  );

export const PERSONS = entities('Person', {
  ada: {
    email: 'ada@shop.test',
    name: 'Ada',
    nick: 'countess',
    born: '1815-12-10',
    friends: ['bob', 'cyd'],
    address: { street: '1 Square', city: 'London', country: { code: 'GB', name: 'Britain' } },
    likes: ['b1', 'f1', 'ada'],
  },
  bob: {
    email: 'bob@shop.test',
    name: 'Bob',
    nick: null,
    born: null,
    friends: ['ada'],
    address: { street: '2 Rue', city: null, country: null },
    likes: [],
  },
  cyd: { email: 'cyd@shop.test', name: 'Cyd', nick: 'c', born: '1922-03-08', friends: [], address: null, likes: null },
  /** Other subgraphs speak of this person; `people` answers null for it. So there is an id, and nothing else. */
  gone: { unknown: true },
});

export const STUDIOS = entities('Studio', {
  ghibli: { name: 'Ghibli', country: { code: 'JP', name: 'Japan' }, founded: 1985, head: 'cyd' },
  ealing: { name: 'Ealing', country: { code: 'GB', name: 'Britain' }, founded: null, head: 'ada' },
});

export const CATEGORIES = entities('Category', {
  fiction: { slug: 'fiction', name: 'Fiction', parent: null },
  novel: { slug: 'novel', name: 'Novel', parent: 'fiction' },
  anime: { slug: 'anime', name: 'Animation', parent: null },
});

export const PRODUCTS: Readonly<Record<string, Entity>> = {
  ...entities('Book', {
    b1: {
      isbn: '111',
      barcode: 'X-b1',
      title: 'Flatland',
      subtitle: 'A Romance',
      tags: ['maths', 'satire', 'square'],
      category: 'novel',
      weight: 0.2,
      size: { height: 20, width: 10 },
      pages: 96,
      author: 'ada',
      contributors: ['ada', 'ghibli'],
      sequel: 'b2',
      editions: [1, 2],
      price: 8,
      stock: 3,
      warehouse: 'north',
    },
    b2: {
      isbn: '222',
      barcode: 'X-b2',
      title: 'Sphereland',
      subtitle: null,
      tags: [],
      category: 'novel',
      weight: 0.4,
      size: { height: 22.5, width: 14 },
      pages: null,
      author: 'bob',
      contributors: ['bob'],
      sequel: null,
      editions: [1],
      price: 12.5,
      stock: 0,
      warehouse: null,
    },
    b3: {
      isbn: '333',
      barcode: 'X-b3',
      title: 'Lost',
      subtitle: 'Pages',
      tags: null,
      category: 'fiction',
      weight: null,
      size: null,
      pages: 12,
      author: 'gone',
      contributors: [],
      sequel: 'b1',
      editions: null,
      price: null,
      stock: 1,
      warehouse: 'south',
    },
  }),
  ...entities('Film', {
    f1: {
      barcode: 'X-f1',
      title: 'Totoro',
      subtitle: 'Tonari',
      tags: ['wood', 'square'],
      category: 'anime',
      weight: 0.1,
      size: { height: 19, width: 13.5 },
      minutes: 86,
      director: 'cyd',
      cast: [['ada', null], [], null, ['bob', 'cyd']],
      studio: 'ghibli',
      metadata: { ratio: [16, 9], notes: { 'dubbed by': null, __typename: 'not a type' } },
      price: 15,
      stock: 7,
      warehouse: 'north',
    },
    f2: {
      barcode: 'X-f2',
      title: 'Ladykillers',
      subtitle: null,
      tags: ['crime'],
      category: null,
      weight: 0.1,
      size: { height: 19, width: 13.5 },
      minutes: 91,
      director: 'bob',
      cast: null,
      studio: 'ealing',
      metadata: [1, 'two', { three: [] }],
      price: 9.99,
      stock: 2,
      warehouse: 'north',
    },
  }),
};

export const REVIEWS = entities('Review', {
  r1: { body: 'Flat, but deep.', stars: 5, author: 'bob', product: 'b1', replies: [['r2'], []] },
  r2: { body: null, stars: 2, author: 'ada', product: 'b1', replies: null },
  r3: { body: 'Wet.', stars: 4, author: 'cyd', product: 'f1', replies: [[], ['r1', 'r4']] },
  r4: { body: 'No.', stars: 1, author: 'bob', product: 'f2', replies: [] },
  r5: { body: 'Where is it?', stars: 3, author: null, product: 'b3', replies: [] },
});

export const WAREHOUSES = entities('Warehouse', {
  north: { code: 'N', site: { country: 'GB', street: 'Dock 1' }, capacity: 100, keeper: 'bob@shop.test' },
  south: { code: 'S', site: { country: 'GB', street: null }, capacity: null, keeper: null },
});

export const BASKETS = entities('Basket', {
  k1: { currency: 'EUR', owner: 'ada', lines: ['l1', 'l2'] },
  k2: { currency: 'JPY', owner: 'bob', lines: ['l1', 'l3'] },
});

export const LINES = entities('Line', {
  l1: { quantity: 2, product: 'b1' },
  l2: { quantity: 1, product: 'f1' },
  l3: { quantity: 10, product: 'b2' },
});

/** The rows of these names; null for a name that is null or no row's. */
export const rows = (table: Readonly<Record<string, Entity>>, refs: readonly (string | null)[]) =>
  refs.map((ref) => row(table, ref));
export const row = (table: Readonly<Record<string, Entity>>, ref: string | null): Entity | null =>
  ref === null ? null : (table[ref] ?? null);
export const where = (table: Readonly<Record<string, Entity>>, column: string, value: unknown): Entity[] =>
  Object.values(table).filter((one) => one[column] === value);

/** Editions have no table: `b1/2` is the second one of b1. */
export const edition = (book: Entity, number: number): Entity => ({
  __typename: 'Edition',
  ref: `${book.ref}/${number}`,
  number,
  book,
  language: number === 1 ? 'EN' : 'FR',
});
