import { isDeepStrictEqual } from 'node:util';
import { parse, visit } from 'graphql';
import type { Answer, Operation } from './engines/engine-under-test.js';

export interface Run {
  readonly operation: Operation;
  readonly expected: Answer;
  readonly actual: Answer;
}

/** Something an engine is known to do wrong, as narrowly as it can be told from the outside. */
export interface KnownFault {
  readonly what: string;
  explains(difference: string, run: Run): boolean;
}

const fieldsOf = ({ source }: Operation): { name: string; alias: string | undefined }[] => {
  const fields: { name: string; alias: string | undefined }[] = [];
  visit(parse(source), { Field: ({ name, alias }) => void fields.push({ name: name.value, alias: alias?.value }) });
  return fields;
};
const selects = (operation: Operation, ...names: readonly string[]): boolean =>
  fieldsOf(operation).some(({ name }) => names.includes(name));
const isConditional = ({ source }: Operation): boolean => /@skip|@include/.test(source);
/** Without graphql-js's objects that have no prototype. */
const plain = ({ data }: Answer): unknown => JSON.parse(JSON.stringify(data ?? null));
const isAboutData = (difference: string): boolean => difference.startsWith('data:');

/** What the gateway adds to a selection for itself, under the name it has in the subgraph. */
const ADDED = new Set(['id', 'isbn', 'barcode', 'slug', 'email', 'name', 'country', 'code', 'number', 'book', 'site']);
const REQUIRED = new Set([
  'weight',
  'size',
  'height',
  'width',
  'subtitle',
  'address',
  'city',
  'shippingCost',
  'amount',
]);

/**
 * Where a plan keeps our engine from answering as the oracle does. It refuses, or a failure shows at more places than it
 * concerns; where nothing fails, what it answers is right.
 */
export const OUR_LIMITS: readonly KnownFault[] = [
  {
    what: 'The planner asks an interface object of every type for what a fragment asks of one, so its failure shows at all.',
    explains: (_difference, { operation, actual }) =>
      selects(operation, 'verdict', 'rating', 'reviews') &&
      /\.\.\./.test(operation.source) &&
      (actual.errors?.length ?? 0) > 0,
  },
];

/** What `@apollo/gateway` 2.14 answers wrong where the oracle is right, by the specification. */
export const REFERENCE_FAULTS: readonly KnownFault[] = [
  {
    what: 'It asks for a key or a required field under the name a client gave to another field.',
    explains: (_difference, { operation }) =>
      fieldsOf(operation).some(({ alias }) => alias !== undefined && (ADDED.has(alias) || REQUIRED.has(alias))),
  },
  {
    what: 'It takes a variable of the client for its own when it is called like that.',
    explains: (_difference, { operation }) => operation.source.includes('$representations'),
  },
  {
    what: 'Its planner merges a required field with the same field of the client that has other arguments.',
    explains: (_difference, { operation }) =>
      (selects(operation, 'total') && selects(operation, 'shippingCost')) ||
      (selects(operation, 'total', 'shippingCost') && selects(operation, 'size')),
  },
  {
    what: 'Its planner asks for a required field that itself requires fields, in the subgraph it starts from, without them.',
    explains: (_difference, { operation }) => selects(operation, 'total') && selects(operation, 'items', 'item'),
  },
  {
    what: 'Its planner gives up on an abstract or conditional fragment over an interface object.',
    explains: (_difference, { actual }) =>
      /We should have an edge from Product\(reviews\)/.test(actual.rejection ?? ''),
  },
  {
    what: 'Its planner asks subgraphs for an introspection that stands in a conditional fragment.',
    explains: (_difference, { actual }) => /Was not able to find any options for __/.test(actual.rejection ?? ''),
  },
  {
    what: 'Its planner reads fragments of other operations in the document, whose variables it does not know.',
    explains: (_difference, { actual }) => /Invalid value \$other/.test(actual.rejection ?? ''),
  },
  {
    what: 'Its planner reorders the fields of a mutation when fragments carry them.',
    explains: (_difference, { operation }) => /mutation .*\.\.\./.test(operation.source),
  },
  {
    what: 'It brings the fields that fragments ask of one object into another order.',
    explains: (difference, { operation, expected, actual }) =>
      isAboutData(difference) && operation.source.includes('...') && isDeepStrictEqual(plain(expected), plain(actual)),
  },
  {
    what: 'It loses an object of which a fragment asks for `__typename` and a field of the interface object.',
    explains: (difference, { operation }) =>
      isAboutData(difference) && selects(operation, '__typename') && selects(operation, 'rating', 'reviews', 'verdict'),
  },
  {
    what: 'It sends a representation without a key where fragments of a plan overlap on an interface object.',
    explains: (difference, { operation }) => !isAboutData(difference) && selects(operation, 'verdict'),
  },
  {
    what: 'It asks nothing about an object when a required field is missing that only a skipped field, or one of another type, requires.',
    explains: (difference, { operation }) =>
      isAboutData(difference) &&
      selects(operation, 'verdict', 'byline', 'shippingCost', 'total') &&
      (isConditional(operation) || /\.\.\.|fragment/.test(operation.source)),
  },
  {
    what: 'It writes `__typename` in another place than the operation has it.',
    explains: (_difference, { operation, expected, actual }) =>
      selects(operation, '__typename') && sorted(expected.data) === sorted(actual.data),
  },
  {
    what: 'It loses what a fragment on a union selects where nothing else needs `__typename`.',
    explains: (_difference, { operation, expected, actual }) =>
      /\.\.\. on (SearchHit|Contributor|Liked|Priced|StockItem|Item)\b|fragment \w+ on /.test(operation.source) &&
      isPartOf(actual.data, expected.data),
  },
  {
    what: 'It does not ask for an object of which the operation skips everything.',
    explains: (_difference, { operation, expected }) =>
      isConditional(operation) && /\{\}|\[\]/.test(JSON.stringify(expected.data)),
  },
  {
    what: 'It counts the entities of a fetch where it should count places of a list.',
    explains: (difference, { expected, actual }) =>
      !isAboutData(difference) && [...unplaced(expected)].every((error) => unplaced(actual).has(error)),
  },
  {
    what: 'It says nothing about a null of its own making when a subgraph has said something.',
    explains: (difference) => difference.startsWith('errors: none for the null'),
  },
];

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );

/** True when the value is the whole with some keys of its objects missing. */
function isPartOf(value: unknown, whole: unknown): boolean {
  if (typeof value !== 'object' || value === null || typeof whole !== 'object' || whole === null)
    return value === whole;
  if (Array.isArray(value) && value.length !== (whole as unknown[]).length) return false;
  return Object.entries(value).every(
    ([key, inner]) => key in whole && isPartOf(inner, (whole as Record<string, unknown>)[key]),
  );
}

/** The errors without places in lists. */
const unplaced = ({ errors = [] }: Answer): ReadonlySet<string> =>
  new Set(
    errors.map(({ path = [], extensions }) =>
      JSON.stringify([path.filter((key) => typeof key === 'string'), extensions?.['code'] ?? 'INTERNAL']),
    ),
  );
