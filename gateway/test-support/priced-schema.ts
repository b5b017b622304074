import fc from 'fast-check';
import { anyNumbers, Choices } from './choices.js';

const LINK = `schema @link(url: "https://specs.apollo.dev/link/v1.0")
  @link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@cost", { name: "@listSize", as: "@size" }])
  { query: Query mutation: Mutation }`;

/** Everything that can have a price or a length. */
export const PRICED_SDL = `${LINK}
type Query {
  book(id: ID): Book
  books(limit: Int = 4, offset: Int): [Book] @size(slicingArguments: ["limit"])
  newest: [Book!]! @size(assumedSize: 5)
  all: [Book]
  grid: [[Book]]
  page(first: Int, last: Int, after: String): BookConnection!
  window(amount: Int, at: Int): Window @size(assumedSize: 2, slicingArguments: ["amount"], sizedFields: ["left", "right"])
  search(text: String @cost(weight: 3), filter: Filter, filters: [Filter!], tags: [Tag!]): [Hit] @size(assumedSize: 10)
  node: Node
}
type Mutation { rate(stars: Int): Book }
type Book implements Node { id: ID! title: String author: Author cover: Cover @cost(weight: 20) rank: Rank tag: Tag related: [Book] @size(assumedSize: 3) }
type Author implements Node @cost(weight: 5) { id: ID! name: String books: [Book] @size(assumedSize: 7) }
type Cover { url: String }
type BookConnection { edges: [BookEdge!]! nodes: [Book!]! pageInfo: PageInfo! total: Int }
type BookEdge { node: Book! cursor: String! }
type PageInfo { hasNextPage: Boolean! }
type Window { left: [Book] right: [Author] }
interface Node { id: ID! }
union Hit = Book | Author
input Filter { text: String author: AuthorFilter rank: Rank @cost(weight: 4) }
input AuthorFilter { name: String }
scalar Tag @cost(weight: 2)
enum Rank @cost(weight: 3) { HIGH LOW }
`;

export interface PricedOperation {
  readonly source: string;
  /** What different clients give. */
  readonly variables: readonly Readonly<Record<string, unknown>>[];
}

const VARIABLES =
  '$n: Int = 2, $m: Int, $s: String, $f: Filter, $fs: [Filter!], $a: AuthorFilter, $r: Rank, $tags: [Tag!] = ["x"], $v: Boolean = true, $w: Boolean!';
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  n: [undefined, null, 0, 1, 3, -2],
  m: [undefined, null, 2, 4],
  s: [undefined, null, 'a', 'b'],
  f: [undefined, null, {}, { text: 'a' }, { text: 'b' }, { author: { name: 'x' }, rank: 'LOW' }, { rank: null }],
  fs: [undefined, null, [], [{}], [{}, {}, {}], [{ rank: 'HIGH' }, { author: {} }], { text: 'one is a list of one' }],
  a: [undefined, null, { name: 'x' }],
  r: [undefined, null, 'HIGH'],
  tags: [undefined, null, [], ['a'], ['a', 'b', 'c']],
  v: [undefined, true, false],
  w: [true, false],
};

const BOOKS = ['book', 'books', 'books(limit: $n)', 'books(limit: 3)', 'newest', 'all', 'grid', 'books(offset: $m)'];
const PAGES = ['page', 'page(first: $n)', 'page(first: $m, last: $n)'];
const HITS = [
  'search',
  'search(text: $s)',
  'search(text: "x", filter: $f, tags: $tags)',
  'search(filters: $fs)',
  'search(filter: { text: $s, author: $a, rank: $r })',
  'search(filters: [{ rank: $r }, { author: $a }], tags: ["a"])',
];

/** Valid on `PRICED_SDL`, with variables that fit. Each object says its type. */
export const anyPricedOperation: fc.Arbitrary<PricedOperation> = anyNumbers(120).map((numbers) => {
  const choices = new Choices(numbers);
  const condition = (): string =>
    choices.oneOf(['', '', '', ' @include(if: $v)', ' @skip(if: $w)', ' @skip(if: true)']);
  const set = (selections: readonly string[]): string => `{ ${['__typename', ...choices.some(selections)].join(' ')} }`;
  const book = (depth: number): string =>
    set([
      'id',
      'title',
      `cover${condition()} { __typename url }`,
      'rank',
      'tag',
      `author ${author(depth - 1)}`,
      ...(depth > 0 ? [`related${condition()} ${book(depth - 1)}`] : []),
    ]);
  const author = (depth: number): string => set(['id', 'name', ...(depth > 0 ? [`books ${book(depth - 1)}`] : [])]);
  const both = (): string => `{ __typename ... on Book ${book(1)} ... on Author${condition()} ${author(1)} }`;
  const root = (): string => {
    switch (choices.below(5)) {
      case 0:
        return `${choices.oneOf(PAGES)}${condition()} ${set([`edges { __typename node ${book(1)} cursor }`, `nodes ${book(1)}`, 'pageInfo { __typename hasNextPage }', 'total'])}`;
      case 1:
        return `${choices.oneOf(['window', 'window(amount: $m)', 'window(amount: 2, at: $n)'])} ${set([`left ${book(1)}`, `right ${author(1)}`])}`;
      case 2:
        return `${choices.oneOf(HITS)}${condition()} ${both()}`;
      case 3:
        return `node ${both()}`;
      default:
        return `${choices.oneOf(BOOKS)}${condition()} ${book(2)}`;
    }
  };
  const roots = Array.from({ length: 1 + choices.below(3) }, (_, at) => `r${at}: ${root()}`);
  const variables = Array.from({ length: 4 }, () =>
    Object.fromEntries(
      Object.entries(VALUES).flatMap(([name, values]) => {
        const value = choices.oneOf(values);
        return value === undefined ? [] : [[name, value]];
      }),
    ),
  );
  return { source: `query (${VARIABLES}) { ${roots.join(' ')} }`, variables };
});
