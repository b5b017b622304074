import { describe, expect, it } from '@jest/globals';
import { parse, print } from 'graphql';
import { stripIntrospection } from './strip-introspection.js';

const stripped = (source: string) => print(stripIntrospection(parse(source)));
const formatted = (source: string) => print(parse(source));

describe('Stripping introspection', () => {
  it('takes __schema and __type away and leaves everything else', () => {
    expect(
      stripped(
        'query Q($n: String!) { a: __schema { types { name } } me(id: 1) { id } __type(name: $n) { name } __typename }',
      ),
    ).toBe(formatted('query Q($n: String!) { me(id: 1) { id } __typename }'));
  });

  it('finds them below fields, inline fragments and fragments', () => {
    expect(
      stripped(
        `mutation { do { query { ...F __schema { types { name } } z } } }
         fragment F on Query { ... @include(if: true) { __type(name: "A") { name } } z }`,
      ),
    ).toBe(formatted('mutation { do { query { ...F z } } } fragment F on Query { z }'));
  });

  it('takes a fragment away when nothing is left in it, and the spreads of it', () => {
    expect(
      stripped(
        `query ($b: Boolean!) { ...Outer @include(if: $b) ... @skip(if: $b) { __schema { types { name } } } z }
         fragment Outer on Query { ...Inner }
         fragment Inner on Query { __schema { types { name } } }`,
      ),
    ).toBe(formatted('query ($b: Boolean!) { z }'));
  });

  it('leaves __typename where nothing else is left, for a selection set is never empty', () => {
    expect(stripped('{ __schema { types { name } } }')).toBe(formatted('{ __typename }'));
    expect(stripped('mutation { do { query { __schema { types { name } } } } }')).toBe(
      formatted('mutation { do { query { __typename } } }'),
    );
  });
});
