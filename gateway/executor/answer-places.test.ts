import { describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { clientOperationOf } from '../test-support/client-operation-of.js';
import type { ClientOperation } from './client-operation.js';
import { clientPaths, eachPlace, type AnswerPath } from './answer-places.js';

function placesAt(data: object, path: string): (readonly [unknown, string])[] {
  const places: (readonly [unknown, AnswerPath])[] = [];
  eachPlace(data, path === '' ? [] : path.split('.'), (place, where) => places.push([place, where]));
  return places.map(([place, where]) => [place, where.join('.')]);
}

describe('The places of an answer', () => {
  const [a, b, c] = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];

  it('are found through objects and lists of lists, in order, each with its path', () => {
    const data = { shops: [{ shelves: [[a], null, [null, b]] }, null, { shelves: [] }, { shelves: [[c]] }] };
    expect(placesAt(data, 'shops.@.shelves.@.@')).toEqual([
      [a, 'shops.0.shelves.0.0'],
      [b, 'shops.0.shelves.2.1'],
      [c, 'shops.3.shelves.0.0'],
    ]);
  });

  it('keep their paths beside a list where an object is, and an object where a list is', () => {
    const data = { shops: [{ shelves: a }, { shelves: [b] }, { shelves: 5 }, { shelves: [[c], c] }] };
    expect(placesAt(data, 'shops.@.shelves.@')).toEqual([
      [b, 'shops.1.shelves.0'],
      [[c], 'shops.3.shelves.0'],
      [c, 'shops.3.shelves.1'],
    ]);
  });

  it('are the root for an empty path', () => expect(placesAt(a, '')).toEqual([[a, '']]));

  it.each([
    ['a list where an object is', { shop: a }, 'shop.@'],
    ['what is not there', { shop: a }, 'other'],
    ['a value', { shop: 'a' }, 'shop'],
    ['a name that every object has', {}, '__proto__'],
  ])('are none at %s', (_what, data, path) => expect(placesAt(data, path)).toEqual([]));
});

describe('The client’s path', () => {
  const pathIn = (query: string, path: string, changes: Partial<ClientOperation> = {}, variables = {}) =>
    clientPaths(clientOperationOf(parse(query), variables, changes))(
      path.split('.').map((key) => (/^\d+$/.test(key) ? Number(key) : key)),
    ).join('.');

  it('has the client’s names for those of the plan, and list positions as they are', () => {
    const changes: Partial<ClientOperation> = { plannedName: ({ name }) => `${name.value}__1` };
    expect(pathIn('{ mine: shops { best { title } } }', 'shops__1.3.best__1.title__1', changes)).toBe(
      'mine.3.best.title',
    );
  });

  it('ends before what the client did not ask for', () => {
    expect(pathIn('{ shops { id } }', 'shops.0.best.title')).toBe('shops.0');
    expect(pathIn('{ shops { id } }', 'other.shops')).toBe('');
    expect(pathIn('{ shops { id @skip(if: $v) } }', 'shops.id', {}, {})).toBe('shops.id');
    expect(pathIn('query ($v: Boolean!) { shops { id @skip(if: $v) } }', 'shops.id', {}, { v: true })).toBe('shops');
  });

  it('goes through fragments of every kind, and through all fields of one name', () => {
    const query = `{ ...F shops { ... on Shop { best { id } } ... { best { ... on Book { title } } } } }
      fragment F on Query { shops { name } ...G } fragment G on Query { shops { city } }`;
    for (const field of ['best.id', 'best.title', 'name', 'city'])
      expect(pathIn(query, `shops.1.${field}`)).toBe(`shops.1.${field}`);
  });

  it('is found soon where fragments spread each other again and again', () => {
    const levels = Array.from(
      { length: 40 },
      (_, at) => `fragment F${at} on T { x: a { ...F${at + 1} } y: a { ...F${at + 1} } }`,
    );
    const query = `{ a { ...F0 } } ${levels.join(' ')} fragment F40 on T { id }`;
    expect(pathIn(query, 'a.x.y.x.id')).toBe('a.x.y.x');
  });

  it('knows names that every object has only where the client asked for them', () => {
    expect(pathIn('{ a }', 'constructor')).toBe('');
    expect(pathIn('{ constructor { __proto__: a } }', 'constructor.__proto__')).toBe('constructor.__proto__');
  });
});
