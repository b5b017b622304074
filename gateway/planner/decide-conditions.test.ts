import { describe, expect, it } from '@jest/globals';
import { parse, print } from 'graphql';
import { decideConditions } from './decide-conditions.js';

const decided = (source: string, values: Record<string, boolean> = {}) =>
  print(decideConditions(parse(source), new Map(Object.entries(values))));
const formatted = (source: string) => print(parse(source));

describe('Deciding conditions', () => {
  it('keeps what is included and not skipped, without its conditions', () => {
    const source =
      '{ a @include(if: $yes) b @skip(if: $yes) ... @skip(if: $no) { c } ...F @include(if: $no) } fragment F on Q { d }';
    expect(decided(source, { yes: true, no: false })).toBe(formatted('{ a ... { c } } fragment F on Q { d }'));
  });

  it('leaves out what one of two conditions leaves out', () => {
    expect(decided('{ a @skip(if: $v) @include(if: $v) b }', { v: true })).toBe(formatted('{ b }'));
    expect(decided('{ a @skip(if: $v) @include(if: $v) b }', { v: false })).toBe(formatted('{ b }'));
  });

  it('lets __typename stand in where a field has nothing left', () => {
    expect(decided('{ a { b @skip(if: true) } }')).toBe(formatted('{ a { __typename } }'));
  });

  it('leaves other directives alone', () => {
    expect(decided('{ a @live @include(if: true) }')).toBe(formatted('{ a @live }'));
  });
});
