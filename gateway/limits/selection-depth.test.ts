import { describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery, parse } from 'graphql';
import { rootFields, selectionDepth } from './selection-depth.js';

const depth = (source: string) => selectionDepth(parse(source));

describe('The depth of a document', () => {
  it.each([
    ['{ a }', 1],
    ['{ a { b { c } } d }', 3],
    ['{ ... { a { ... on T { b } } } }', 2],
    ['{ a { ...F } } fragment F on T { b { ...G } } fragment G on T { c { d } }', 4],
    ['query A { a } query B { a { b } }', 2],
  ])('of %s is %i', (source, expected) => {
    expect(depth(source)).toBe(expected);
  });

  it('of the standard introspection query is within what clients may send', () => {
    expect(depth(getIntrospectionQuery())).toBeLessThanOrEqual(25);
  });

  it('is found at once where fragments double with every level', () => {
    const levels = Array.from(
      { length: 60 },
      (_, level) => `fragment F${level} on T { a { ...F${level + 1} } b { ...F${level + 1} } }`,
    );
    expect(depth(`{ ...F0 } ${levels.join(' ')} fragment F60 on T { c }`)).toBe(61);
  });
});

describe('The root fields of a document', () => {
  it.each([
    ['{ a a: a b { c d e } }', 2],
    ['{ x: a y: a ... { z: a } }', 3],
    ['{ ...F ...F b } fragment F on T { a ...G } fragment G on T { c }', 3],
    ['query A { a } query B { a b }', 2],
  ])('of %s are %i', (source, expected) => {
    expect(rootFields(parse(source))).toBe(expected);
  });

  it('are counted at once where fragments double with every level', () => {
    const levels = Array.from({ length: 60 }, (_, at) => `fragment F${at} on T { ...F${at + 1} ...F${at + 1} }`);
    expect(rootFields(parse(`{ ...F0 } ${levels.join(' ')} fragment F60 on T { c }`))).toBe(1);
  });
});
