import { addTypenameToDocument } from '@apollo/client/utilities';
import { describe, expect, it } from '@jest/globals';
import { parse, print } from 'graphql';
import { addTypenames } from './add-typenames.js';

describe('__typename', () => {
  it.each([
    '{ a { b { c } } d }',
    'mutation M($x: Int) { a(x: $x) { ... on B { c } ... @include(if: true) { d } ...F } } fragment F on Query { a { b } }',
    '{ a { __typename b } c { d __typename } e { kind: __typename } }',
    '{ __schema { types { name } } a { __type: b } }',
    'query A { a { b } } subscription B { a { b } }',
  ])('is added where Apollo Client adds it: %s', (source) => {
    const document = parse(source);
    expect(print(addTypenames(document))).toBe(print(addTypenameToDocument(document)));
  });
});
