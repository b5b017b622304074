import { describe, expect, it } from '@jest/globals';
import { parse, Kind, visit, type FieldNode } from 'graphql';
import { fragmentsIn, operationIn } from '../executor/client-operation.js';
import { deniedPaths } from './denied-paths.js';

/** Paths to the fields named `secret`. */
function paths(source: string, limit = 10): readonly string[] {
  const document = parse(source);
  const denied = new Set<FieldNode>();
  visit(document, { [Kind.FIELD]: (field: FieldNode) => void (field.name.value === 'secret' && denied.add(field)) });
  return deniedPaths(
    {
      operation: operationIn(document, null),
      fragments: fragmentsIn(document),
      requirements: [],
      protectedFields: new Map(),
      policies: [],
    },
    denied,
    limit,
  );
}

describe('The paths of denied fields', () => {
  it.each([
    ['{ a { secret b { c: secret } } d }', ['a.secret', 'a.b.c']],
    ['{ x: a { y: secret } }', ['x.y']],
    ['{ a { ... on T { secret } ... { secret } } }', ['a.secret']],
    ['{ a { ...F } b { ...F } } fragment F on T { secret }', ['a.secret', 'b.secret']],
    ['{ a { ...F ...G } } fragment F on T { secret } fragment G on T { ...F e }', ['a.secret']],
    ['{ secret { secret } }', ['secret']],
    ['{ a }', []],
  ])('of %s are %j', (source, expected) => {
    expect(paths(source)).toEqual(expected);
  });

  it('are as many as were asked for', () => {
    expect(paths('{ a: secret b: secret c: secret }', 2)).toEqual(['a', 'b']);
  });

  const doubling = (level: (next: string) => string, last: string) =>
    `{ ...F0 } ${Array.from({ length: 60 }, (_, at) => `fragment F${at} on T { ${level(`...F${at + 1}`)} }`).join(' ')} fragment F60 on T { ${last} }`;
  it.each([
    ['with the same path', doubling((next) => `${next} ${next} ... { ${next} }`, 'secret'), 1],
    ['with other paths', doubling((next) => `a { ${next} } b { ${next} }`, 'secret'), 10],
    ['without anything denied', doubling((next) => `a { ${next} } b { ${next} }`, 'open'), 0],
  ])('are found at once where fragments double with every level, %s', (_how, source, expected) => {
    expect(paths(source)).toHaveLength(expected);
  });
});
