import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema } from 'graphql';
import type { FetchRewrite } from '../planner/query-plan.js';
import { selections } from '../test-support/plan-nodes.js';
import { compileGather, type Requirements } from './compile-gather.js';
import { Representations } from './representations.js';
import { typeConditions } from './type-conditions.js';

const TYPES = typeConditions(
  buildSchema(`
    type Query { media: [Media] }
    interface Media { id: ID! }
    interface Paged implements Media { id: ID! pages: Int }
    type Book implements Media & Paged { id: ID! pages: Int }
    type Film implements Media { id: ID! }
    type Shop { id: ID! }
  `),
);

interface Gathered {
  readonly representations: readonly unknown[];
  /** Of each place: where in the data it is, and the number of its representation. */
  readonly places: readonly (readonly [object, number])[];
}

function gather(
  path: readonly (string | number)[],
  requires: string,
  data: object,
  more: Partial<Requirements> = {},
): Gathered {
  const into = new Representations();
  compileGather(path, { requires: selections(requires), rewrites: [], keysOf: () => null, ...more }, TYPES)(data, into);
  return {
    representations: into.texts.map((text) => JSON.parse(text) as unknown),
    places: into.places.map((place, at) => [place, into.entityOf[at]!]),
  };
}

/** What is sent for one object. */
const sent = (requires: string, object: object, more: Partial<Requirements> = {}): unknown =>
  gather(['it'], requires, { it: object }, more).representations[0];

const BOOK = { __typename: 'Book', id: 'b1', isbn: '978', pages: 300 };

describe('Gathering', () => {
  it('finds the objects at the path through lists of lists, and passes by what is not there', () => {
    const [a, b, c] = [
      { __typename: 'Book', id: 'a' },
      { __typename: 'Book', id: 'b' },
      { __typename: 'Book', id: 'c' },
    ];
    const data = { shops: [{ shelves: [[a, null], null, [b]] }, null, { shelves: null }, {}, { shelves: [[5, c]] }] };
    const { places, representations } = gather(
      ['shops', '@', 'shelves', '@', '@'],
      '{ ... on Book { __typename id } }',
      data,
    );
    expect(representations).toEqual([a, b, c]);
    expect(places.map(([place]) => place)).toEqual([a, b, c]);
    expect(places[0]![0]).toBe(a); // the object itself: the answer is merged into it
  });

  it('finds nothing where a list or an object is expected and the other is there', () => {
    expect(gather(['media', '@'], '{ ... on Book { __typename id } }', { media: BOOK }).places).toEqual([]);
    expect(gather(['media'], '{ ... on Book { __typename id } }', { media: [BOOK] }).places).toEqual([]);
    expect(gather(['toString'], '{ ... on Book { __typename id } }', {}).places).toEqual([]);
  });

  it('takes the object at the root for an empty path', () => {
    expect(gather([], '{ ... on Book { __typename id } }', BOOK).representations).toEqual([
      { __typename: 'Book', id: 'b1' },
    ]);
  });

  it('asks for equal entities once, and knows every place of each', () => {
    const ids = fc.array(fc.constantFrom('a', 'b', 1, '1', null, true), { maxLength: 12 });
    fc.assert(
      fc.property(ids, ids, fc.constantFrom('id', 'isbn { id }'), (first, second, key) => {
        const media = first.map((id, at) => ({
          __typename: at % 3 ? 'Book' : 'Film',
          id,
          isbn: { id },
          pages: second[at] ?? null,
        }));
        const requires = `{ ... on Media { __typename ${key} pages } }`;
        const { representations, places } = gather(['media', '@'], requires, { media });
        const wanted = media.map(({ __typename, id, isbn, pages }) => ({
          __typename,
          ...(key === 'id' ? { id } : { isbn }),
          pages,
        }));
        expect(places.map(([place]) => place)).toEqual(media);
        expect(places.map(([, number]) => representations[number])).toEqual(wanted);
        expect(representations.length).toBe(new Set(wanted.map((one) => JSON.stringify(one))).size);
      }),
    );
  });

  it('sends what is required and nothing else, in the plan’s order', () => {
    expect(JSON.stringify(sent('{ ... on Book { __typename isbn id } }', BOOK))).toBe(
      '{"__typename":"Book","isbn":"978","id":"b1"}',
    );
  });

  it('sends nested objects, lists and null as they are', () => {
    const book = {
      ...BOOK,
      shelf: { room: 'r', codes: [1, 2, [3]], more: 'x' },
      parts: [[{ id: 1, more: 'x' }, null], [], null],
      price: null,
      odd: { a: [null, { b: 'ö"\n' }] },
    };
    const requires = '{ ... on Book { __typename id price shelf { room codes } parts { id } odd } }';
    expect(sent(requires, book)).toEqual({
      __typename: 'Book',
      id: 'b1',
      price: null,
      shelf: { room: 'r', codes: [1, 2, [3]] },
      parts: [[{ id: 1 }, null], [], null],
      odd: book.odd,
    });
    expect(sent('{ ... on Book { __typename id shelf { room } } }', { ...book, shelf: null })).toMatchObject({
      shelf: null,
    });
  });

  it.each([
    ['a field', '{ ... on Book { __typename id price } }', {}],
    ['a field below another', '{ ... on Book { __typename shelf { room } } }', { shelf: {} }],
    ['a field of one item', '{ ... on Book { __typename shelf { room } } }', { shelf: [{ room: 1 }, {}] }],
    ['an object where a value is', '{ ... on Book { __typename shelf { room } } }', { shelf: 'r' }],
    ['a name that every object has', '{ ... on Book { __typename toString } }', {}],
  ])('does not ask for an object that lacks %s', (_what, requires, more) => {
    expect(sent(requires, { ...BOOK, ...more })).toBeUndefined();
  });

  it('reads names that every object has like all others', () => {
    const book = JSON.parse('{"__typename":"Book","constructor":"c","__proto__":{"id":1}}') as object;
    const text = JSON.stringify(sent('{ ... on Book { __typename constructor __proto__ { id } } }', book));
    expect(text).toBe(JSON.stringify(book));
  });

  it('asks for objects of the types that satisfy the conditions, interfaces among them', () => {
    const media = ['Book', 'Film', 'Shop', 'Media', 'Paged', 'Unknown', undefined].map((__typename, at) => ({
      ...(__typename !== undefined && { __typename }),
      id: `${at}`,
      pages: at,
    }));
    const asked = (requires: string) => gather(['media', '@'], requires, { media }).representations;
    expect(asked('{ ... on Film { __typename id } }')).toEqual([{ __typename: 'Film', id: '1' }]);
    expect(asked('{ ... { ... on Film { __typename id } } }')).toEqual([{ __typename: 'Film', id: '1' }]);
    expect(asked('{ ... on Paged { __typename id } }')).toEqual([
      { __typename: 'Book', id: '0' },
      { __typename: 'Paged', id: '4' },
    ]);
    expect(asked('{ ... on Media { __typename id ... on Paged { pages } } ... on Shop { __typename pages } }')).toEqual(
      [
        { __typename: 'Book', id: '0', pages: 0 },
        { __typename: 'Film', id: '1' },
        { __typename: 'Shop', pages: 2 },
        { __typename: 'Media', id: '3' },
        { __typename: 'Paged', id: '4', pages: 4 },
      ],
    );
  });

  it('takes an object inside an entity with the fields that fit its type', () => {
    const requires = '{ ... on Shop { __typename best { id ... on Paged { pages } } } }';
    const shop = (best: object) => ({ __typename: 'Shop', best });
    expect(sent(requires, shop(BOOK))).toEqual(shop({ id: 'b1', pages: 300 }));
    expect(sent(requires, shop({ __typename: 'Film', id: 'f' }))).toEqual(shop({ id: 'f' }));
    expect(sent(requires, shop({ id: 'unknown' }))).toEqual(shop({ id: 'unknown' }));
  });

  it('merges what several selections require of one field', () => {
    const requires = '{ ... on Book { __typename shelf { room } } ... on Media { shelf { code } shelf { room } } }';
    expect(sent(requires, { ...BOOK, shelf: { room: 1, code: 2 } })).toEqual({
      __typename: 'Book',
      shelf: { room: 1, code: 2 },
    });
  });

  describe('with the keys of the subgraph', () => {
    const keysOf = (type: string) =>
      ({ Book: [{ isbn: {} }, { shelf: { room: {} }, id: {} }], Film: [{ id: {} }] })[type] ?? [];

    it.each([
      ['{ __typename isbn }', true],
      ['{ __typename id shelf { room } }', true],
      ['{ __typename id shelf { code } }', false],
      ['{ __typename id }', false],
      ['{ __typename pages }', false],
    ])('asks for a type of which it has a whole key, and for no other: %s', (fields, asks) => {
      const book = { ...BOOK, shelf: { room: 1, code: 2 } };
      expect(sent(`{ ... on Book ${fields} }`, book, { keysOf }) !== undefined).toBe(asks);
    });

    it('asks for no type that has none there', () => {
      expect(sent('{ ... on Shop { __typename id } }', { __typename: 'Shop', id: '1' }, { keysOf })).toBeUndefined();
    });

    it('goes by the type it says, not the one it has', () => {
      const rewrites: FetchRewrite[] = [
        { kind: 'ValueSetter', path: ['... on Book', '__typename'], setValueTo: 'Film' },
      ];
      const requires = '{ ... on Book { __typename id } }';
      expect(sent(requires, BOOK, { keysOf })).toBeUndefined();
      expect(sent(requires, BOOK, { keysOf, rewrites })).toEqual({ __typename: 'Film', id: 'b1' });
    });
  });

  describe('with input rewrites', () => {
    const setter = (path: string[], setValueTo: unknown): FetchRewrite => ({ kind: 'ValueSetter', path, setValueTo });

    it('says the interface’s name for the types it is told to, and for no other', () => {
      const rewrites = [setter(['... on Paged', '__typename'], 'Media')];
      const requires = '{ ... on Media { __typename id } }';
      const media = [BOOK, { __typename: 'Film', id: 'f' }, { __typename: 'Paged', id: 'p' }];
      expect(gather(['media', '@'], requires, { media }, { rewrites }).representations).toEqual([
        { __typename: 'Media', id: 'b1' },
        { __typename: 'Film', id: 'f' },
        { __typename: 'Media', id: 'p' },
      ]);
    });

    it('of one fetch is not what another sends for the same object beside it', () => {
      const into = new Representations();
      const requirements = { requires: selections('{ ... on Media { __typename id } }'), keysOf: () => null };
      for (const rewrites of [[setter(['... on Book', '__typename'], 'Media')], []])
        compileGather(['it'], { ...requirements, rewrites }, TYPES)({ it: BOOK }, into);
      expect(into.texts.map((text) => JSON.parse(text) as unknown)).toEqual([
        { __typename: 'Media', id: 'b1' },
        { __typename: 'Book', id: 'b1' },
      ]);
    });

    it('reaches through objects, lists and conditions', () => {
      const rewrites = [
        setter(['... on Shop', 'best', '... on Paged', '__typename'], 'Media'),
        { kind: 'KeyRenamer', path: ['... on Shop', 'best', 'pages__1'], renameKeyTo: 'pages' } as const,
      ];
      const requires = '{ ... on Shop { __typename best { __typename pages__1 } } }';
      const best = [[{ ...BOOK, pages__1: 1 }], { __typename: 'Film', pages__1: 2 }];
      expect(sent(requires, { __typename: 'Shop', best }, { rewrites })).toEqual({
        __typename: 'Shop',
        best: [[{ __typename: 'Media', pages: 1 }], { __typename: 'Film', pages: 2 }],
      });
    });

    it('sets a value of any kind, also one that the data lack', () => {
      const rewrites = [setter(['price'], { now: [1, null] })];
      expect(sent('{ ... on Book { __typename price } }', BOOK, { rewrites })).toEqual({
        __typename: 'Book',
        price: { now: [1, null] },
      });
    });
  });

  it('leaves to the fetch it stands in for whatever that one can ask for', () => {
    const whole = { requires: selections('{ ... on Book { __typename id price } }'), rewrites: [] };
    const priced = [BOOK, { ...BOOK, price: null }, { ...BOOK, id: 'b2', price: 1 }];
    expect(
      gather(['media', '@'], '{ ... on Book { __typename id } }', { media: priced }, { unless: whole }).places,
    ).toEqual([[BOOK, 0]]);
    const typed = {
      requires: selections('{ ... on Book { __typename id price } ... on Film { __typename id length } }'),
      rewrites: [],
    };
    const media = [
      { ...BOOK, price: 1 },
      { __typename: 'Film', id: 'f', length: 2 },
      { __typename: 'Film', id: 'g', price: 3 },
    ];
    expect(
      gather(
        ['media', '@'],
        '{ ... on Book { __typename id } ... on Film { __typename id } }',
        { media },
        { unless: typed },
      ).representations,
    ).toEqual([{ __typename: 'Film', id: 'g' }]);
    const nested = { requires: selections('{ ... on Book { __typename id shelf { room } } }'), rewrites: [] };
    const shelved = [BOOK, { ...BOOK, shelf: {} }, { ...BOOK, id: 'b2', shelf: { room: 1 } }];
    expect(
      gather(['media', '@'], '{ ... on Book { __typename id } }', { media: shelved }, { unless: nested }).places.map(
        ([place]) => place,
      ),
    ).toEqual(shelved.slice(0, 2));
  });
});
