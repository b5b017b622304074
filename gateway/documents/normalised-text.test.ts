import { describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { normalisedText } from './normalised-text.js';

const normalised = (source: string): string => normalisedText(parse(source));
const WRITTEN = 'query Q($n: Int = 1) { a(first: $n) { ...F } } fragment F on A { b { c } }';

describe('Two documents', () => {
  it.each([
    ['space and comments', 'query Q($n:Int=1){a(first:$n){...F}}#x\nfragment F on A{b,{c}}'],
    ['the order of their definitions', 'fragment F on A { b { c } } query Q($n: Int = 1) { a(first: $n) { ...F } }'],
    [
      'what clients add',
      'query Q($n: Int = 1) { __typename a(first: $n) { ...F __typename } } fragment F on A { __typename b { c __typename } }',
    ],
  ])('that differ in %s say the same', (_what, source) => {
    expect(normalised(source)).toBe(normalised(WRITTEN));
  });

  it.each([
    ['a field', WRITTEN.replace('{ c }', '{ c d }')],
    ['a field less', WRITTEN.replace('b { c }', '__typename')],
    ['a value', WRITTEN.replace('= 1', '= 2')],
    ['an argument', WRITTEN.replace('first', 'last')],
    ['an alias', WRITTEN.replace('c }', 'd: c }')],
    ['an alias of __typename', WRITTEN.replace('{ c }', '{ c kind: __typename }')],
    ['a directive', WRITTEN.replace('c }', 'c @skip(if: true) }')],
    ['a directive at __typename', WRITTEN.replace('{ c }', '{ c __typename @skip(if: true) }')],
    ['a type condition', WRITTEN.replace('on A', 'on B')],
    ['the name of the operation', WRITTEN.replace('Q(', 'R(')],
    ['the kind of the operation', WRITTEN.replace('query', 'mutation')],
    ['one more operation', `${WRITTEN} query R { a { ...F } }`],
    ['space within a value', WRITTEN.replace('first: $n', 'first: " "')],
  ])('that differ in %s do not', (_what, source) => {
    expect(normalised(source)).not.toBe(normalised(WRITTEN));
  });

  it('that select nothing but __typename say so', () => {
    expect(normalised('{ a { __typename __typename } }')).toBe(normalised('{ a { __typename } }'));
    expect(normalised('{ a { __typename } }')).toContain('__typename');
  });
});
