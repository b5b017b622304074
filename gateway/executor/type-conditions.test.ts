import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { typeConditions } from './type-conditions.js';

const TYPES = typeConditions(
  buildSchema(`
    type Query { any: Any media: Media }
    interface Media { id: ID }
    interface Paged implements Media { id: ID }
    type Book implements Media & Paged { id: ID }
    type Film implements Media { id: ID }
    type Shop { id: ID }
    union Any = Book | Shop
    scalar Odd
  `),
);

describe('A type condition', () => {
  it.each([
    ['Book', ['Book']],
    ['Any', ['Any', 'Book', 'Shop']],
    ['Paged', ['Book', 'Paged']],
    ['Media', ['Book', 'Film', 'Media', 'Paged']],
    ['Unknown', ['Unknown']],
    ['constructor', ['constructor']],
  ])('on %s is satisfied by %j', (condition, names) => {
    expect([...TYPES.satisfying(condition)].sort()).toEqual(names);
    expect(TYPES.satisfying(condition)).toBe(TYPES.satisfying(condition)); // found once
  });

  it('knows the interfaces, whose names subgraphs with @interfaceObject answer', () => {
    expect([...TYPES.interfaces].sort()).toEqual(['Media', 'Paged']);
  });
});
