import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse, print } from 'graphql';
import { flattenRoot } from './flatten-root.js';

const schema = buildSchema('type Query { a: T } type Mutation { one(n: Int): T  two: T } type T { x: Int  y: Int }');
const flat = (source: string) => print(flattenRoot(parse(source), schema));
const formatted = (source: string) => print(parse(source));

describe('Flattening the root of an operation', () => {
  it('puts the fields of a mutation in the order in which they are executed', () => {
    expect(flat('mutation { ...F ... { two { x } } } fragment F on Mutation { ... { one { x } } }')).toBe(
      formatted('mutation { one { x } two { x } } fragment F on Mutation { ... { one { x } } }'),
    );
  });

  it('merges a field that is asked for twice, and keeps aliases apart', () => {
    expect(flat('mutation { a: one(n: 1) { x } ... { a: one(n: 1) { y } b: one(n: 1) { x } } }')).toBe(
      formatted('mutation { a: one(n: 1) { x y } b: one(n: 1) { x } }'),
    );
  });

  it('returns an operation without fragments at its root as it is', () => {
    const source = 'query { a { ... { x } } }';
    expect(flat(source)).toBe(formatted(source));
  });
});
