import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, Kind, parse, type SelectionSetNode } from 'graphql';
import type { FetchRewrite } from '../planner/query-plan.js';
import { compileMerge, mergeValue, type Merge } from './compile-merge.js';
import { typeConditions } from './type-conditions.js';

const TYPES = typeConditions(
  buildSchema('type Query { node: Node } interface Node { id: ID } type Book implements Node { id: ID }'),
);

function selectionSet(text: string): SelectionSetNode {
  const [operation] = parse(text).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('This is no selection set.');
  return operation.selectionSet;
}

const mergeOf = (selection: string, rewrites: readonly FetchRewrite[] = []): Merge =>
  compileMerge(selectionSet(selection), rewrites, TYPES);

function merged(selection: string, place: object, ...entities: object[]): object {
  const merge = mergeOf(selection);
  for (const entity of entities) merge(place, entity, false);
  return place;
}

describe('Merging an entity into its place', () => {
  it('adds what was selected, and keeps what was there', () => {
    expect(
      merged(
        '{ ... on Book { title shelf { code } } }',
        { id: '1', shelf: { room: 1 } },
        { title: 'a', shelf: { code: 2 } },
      ),
    ).toEqual({
      id: '1',
      title: 'a',
      shelf: { room: 1, code: 2 },
    });
  });

  it('takes nothing that was not selected', () => {
    expect(merged('{ title }', { id: '1' }, { id: '2', title: 'a', more: 1 })).toEqual({ id: '1', title: 'a' });
  });

  it('says nothing of a field the entity does not have, and writes null for one that is null', () => {
    expect(merged('{ title pages shelf { code } }', { title: 'a', pages: 3 }, { pages: null, shelf: null })).toEqual({
      title: 'a',
      pages: null,
      shelf: null,
    });
  });

  it('keeps an object beside the null of another subgraph', () => {
    expect(merged('{ shelf { code } }', { shelf: { room: 1 } }, { shelf: null })).toEqual({ shelf: { room: 1 } });
    expect(merged('{ shelf { code } }', { shelf: null }, { shelf: { code: 1 } })).toEqual({ shelf: { code: 1 } });
    expect(merged('{ shelf { code } }', { shelf: { room: null } }, { shelf: { room: { a: null } } })).toEqual({
      shelf: { room: { a: null } },
    });
  });

  it('merges lists item by item', () => {
    const place = { parts: [[{ a: 1 }, null, { a: 2 }], null, [{ a: 3 }]] };
    expect(
      merged('{ parts { b } }', place, { parts: [[{ b: 1 }, { b: 2 }, null], [{ b: 4 }], [{ b: 3 }, { b: 5 }]] }),
    ).toEqual({
      parts: [[{ a: 1, b: 1 }, { b: 2 }, { a: 2 }], [{ b: 4 }], [{ a: 3, b: 3 }]],
    });
  });

  it('keeps what was there where one subgraph answers a list and another an object', () => {
    expect(merged('{ shelf { code } }', { shelf: { a: 1 } }, { shelf: [{ b: 1 }] })).toEqual({ shelf: { a: 1 } });
    expect(merged('{ shelf { code } }', { shelf: [{ a: 1 }] }, { shelf: { b: 1 } })).toEqual({ shelf: [{ a: 1 }] });
  });

  it('keeps a type that is known, at any depth, beside the interface’s name of a subgraph with @interfaceObject', () => {
    const selection = '{ ... on Book { related { __typename id } } }';
    const answers = ['Node', 'Book'].map((__typename) => ({ related: { __typename, id: '1' } }));
    for (const [one, other] of [answers, [...answers].reverse()])
      expect(merged(selection, {}, structuredClone(one!), structuredClone(other!))).toEqual({
        related: { __typename: 'Book', id: '1' },
      });
  });

  it('takes a custom scalar whole', () => {
    const odd = { b: 2 };
    const place = merged('{ odd }', { odd: { a: 1 } }, { odd }) as { odd: unknown };
    expect(place.odd).toBe(odd);
  });

  it('goes by response names', () => {
    expect(merged('{ mine: title }', {}, { mine: 'a', title: 'b' })).toEqual({ mine: 'a' });
  });

  it('finds fields under the names that the plan’s rewrites gave them', () => {
    const rename = (name: string): FetchRewrite => ({
      kind: 'KeyRenamer',
      path: ['... on Book', `${name}__1`],
      renameKeyTo: name,
    });
    const merge = mergeOf('{ ... on Book { odd__1: odd shelf__1: shelf { code } } }', [rename('odd'), rename('shelf')]);
    const place = { odd: { a: 1 }, shelf: { room: 1 } };
    merge(place, { odd: { b: 2 }, shelf: { code: 2 } }, false);
    expect(place).toEqual({ odd: { b: 2 }, shelf: { room: 1, code: 2 } });
  });

  it('keeps what was there beside a name that was taken away', () => {
    expect(merged('{ shelf { code } }', { shelf: { code: 1 } }, { shelf: { code: undefined } })).toEqual({
      shelf: { code: 1 },
    });
  });

  it.each([
    ['is taken where none was', {}, 'Book', 'Book'],
    ['replaces that of an interface', { __typename: 'Node' }, 'Book', 'Book'],
    ['never replaces one that is known', { __typename: 'Book' }, 'Node', 'Book'],
    ['never replaces one that is known by another', { __typename: 'Book' }, 'Film', 'Book'],
  ])('a type name %s', (_how, place, answered, expected) => {
    expect(merged('{ __typename }', place, { __typename: answered })).toEqual({ __typename: expected });
  });

  it('never reaches a prototype, whatever the names', () => {
    const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":"t"}';
    const entity = JSON.parse(text) as object;
    const place = {};
    const shelf = {};
    mergeOf('{ __proto__: a { polluted } constructor { prototype { polluted } } toString }')(place, entity, false);
    mergeOf('{ shelf { a } }')({ shelf }, { shelf: entity }, false);
    mergeOf('{ shelf { a } }')({ shelf }, { shelf: entity }, true);
    for (const object of [place, shelf]) {
      expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
      expect(JSON.stringify(object)).toBe(text);
    }
    expect('polluted' in {}).toBe(false);
  });

  it('does not read a name that every object has where nobody gave it', () => {
    expect(Object.keys(merged('{ constructor { a } toString hasOwnProperty }', {}, {}))).toEqual([]);
  });

  it('copies what an entity holds into every place but the first', () => {
    const merge = mergeOf('{ shelf { code } parts { a } }');
    const entity = { shelf: { code: 1 }, parts: [{ a: 1 }] };
    const [first, second] = [{ parts: [{ b: 1 }] }, { parts: [{ b: 2 }] }] as unknown as [typeof entity, typeof entity];
    merge(first, entity, false);
    merge(second, entity, true);
    mergeOf('{ shelf { room } parts { c } }')(second, { shelf: { room: 2 }, parts: [{ c: 2 }] }, false);
    expect(first).toEqual({ shelf: { code: 1 }, parts: [{ a: 1, b: 1 }] });
    expect(second).toEqual({ shelf: { code: 1, room: 2 }, parts: [{ a: 1, b: 2, c: 2 }] });
  });

  it('makes places that share nothing when it copies', () => {
    const anyData = fc.jsonValue({ maxDepth: 4 });
    const objectsIn = (value: unknown): unknown[] =>
      typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(objectsIn)] : [];
    fc.assert(
      fc.property(anyData, anyData, (existing, value) => {
        const text = JSON.stringify(value);
        const shared = new Set(objectsIn(value));
        const result = mergeValue(existing, value, true, TYPES.interfaces);
        expect(objectsIn(result).filter((one) => shared.has(one))).toEqual([]);
        expect(JSON.stringify(value)).toBe(text);
      }),
    );
  });

  it('does not understand a fragment that is spread by its name', () => {
    expect(() => mergeOf('{ ...F }')).toThrow('plans are made without');
  });
});
