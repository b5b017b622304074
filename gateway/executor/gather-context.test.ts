import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import type { KeyRenamer } from '../planner/query-plan.js';
import { selections } from '../test-support/plan-nodes.js';
import { compileContextGather } from './gather-context.js';
import { typeConditions } from './type-conditions.js';

const TYPES = typeConditions(
  buildSchema(
    'type Query { shop: Shop } interface Seller { id: ID } type Shop implements Seller { id: ID } type Fair implements Seller { id: ID } type Book { id: ID }',
  ),
);

const from = (variable: string, ...path: string[]): KeyRenamer => ({ kind: 'KeyRenamer', path, renameKeyTo: variable });

const gather = (path: string, contexts: readonly KeyRenamer[], data: object) =>
  compileContextGather(
    path.split('.'),
    { requires: selections('{ ... on Book { __typename id } }'), rewrites: [], keysOf: () => null },
    contexts,
    TYPES,
  )(data).map(({ representations, values }) => ({
    ids: representations.texts.map((text) => (JSON.parse(text) as { id: string }).id),
    places: representations.places.length,
    values: Object.fromEntries([...values].map(([name, text]) => [name, JSON.parse(text) as unknown])),
  }));

const book = (id: string) => ({ __typename: 'Book', id });

describe('Entities with values from above them', () => {
  it('go together where the values are equal, each of them once', () => {
    const sellers = [
      { currency: 'EUR', books: [book('1'), book('2'), book('1')] },
      { currency: 'USD', books: [book('1')] },
      { currency: 'EUR', books: [book('2')] },
    ];
    expect(gather('sellers.@.books.@', [from('c', '..', 'currency')], { sellers })).toEqual([
      { ids: ['1', '2'], places: 4, values: { c: 'EUR' } },
      { ids: ['1'], places: 1, values: { c: 'USD' } },
    ]);
  });

  it('climb past objects, and not past the lists they stand in', () => {
    const data = { rate: 2, seller: { currency: 'EUR', shelves: [[{ label: 'a', best: book('1') }]] } };
    const contexts = [
      from('own', 'id'),
      from('label', '..', 'label'),
      from('currency', '..', '..', 'currency'),
      from('rate', '..', '..', '..', 'rate'),
      from('above', '..', '..', '..', '..', 'rate'),
    ];
    expect(gather('seller.shelves.@.@.best', contexts, data)).toEqual([
      { ids: ['1'], places: 1, values: { own: '1', label: 'a', currency: 'EUR', rate: 2 } },
    ]);
  });

  it('take the value of the first place that has it, of a type that fits', () => {
    const contexts = [from('c', '..', '... on Shop', 'shopCurrency'), from('c', '..', '... on Seller', 'currency')];
    const sellers = ['Shop', 'Fair', 'Seller', 'Other'].map((__typename) => ({
      __typename,
      shopCurrency: `${__typename} 1`,
      currency: `${__typename} 2`,
      book: book('1'),
    }));
    const found = gather('sellers.@.book', contexts, {
      sellers: [...sellers, { currency: 'nameless', book: book('1') }],
    });
    expect(found.map(({ values }) => values)).toEqual([
      { c: 'Shop 1' },
      { c: 'Fair 2' },
      { c: 'Seller 2' },
      {},
      { c: 'nameless' },
    ]);
  });

  it('tell null from a value that is not there', () => {
    const sellers = [
      { currency: null, book: book('1') },
      { book: book('1') },
      { currency: { deep: [1] }, book: book('1') },
    ];
    expect(gather('sellers.@.book', [from('c', '..', 'currency')], { sellers }).map(({ values }) => values)).toEqual([
      { c: null },
      {},
      { c: { deep: [1] } },
    ]);
  });

  it('are none where nothing can be asked for', () => {
    const data = { sellers: [{ book: null }, { book: { __typename: 'Book' } }, null, { book: 5 }] };
    expect(gather('sellers.@.book', [from('c', '..', 'toString')], data)).toEqual([]);
    expect(gather('sellers.@.book', [from('c', '..', 'toString')], { sellers: [{ book: book('1') }] })).toEqual([
      { ids: ['1'], places: 1, values: {} },
    ]);
  });
});
