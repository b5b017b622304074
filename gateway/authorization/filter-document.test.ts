import { describe, expect, it } from '@jest/globals';
import { Kind, parse, visit, type FieldNode } from 'graphql';
import { fragmentsIn, operationIn } from '../executor/client-operation.js';
import { line, oneLine } from '../test-support/protected-supergraph.js';
import { filterDocument } from './filter-document.js';

/** Filters every field named `secret` out. */
function filtered(source: string) {
  const document = parse(source);
  const denied = new Set<FieldNode>();
  visit(document, { [Kind.FIELD]: (field: FieldNode) => void (field.name.value === 'secret' && denied.add(field)) });
  const operation = { operation: operationIn(document, null), fragments: fragmentsIn(document) };
  return filterDocument({ ...operation, requirements: [], protectedFields: new Map(), policies: [] }, denied);
}

describe('A filtered document', () => {
  it.each([
    ['a denied field', '{ a secret }', '{ a }'],
    ['all that is below a denied field', '{ a secret { b } }', '{ a }'],
    ['a denied field under an alias', '{ a { b: secret c } }', '{ a { c } }'],
    ['an inline fragment of which nothing is left', '{ a ... on Query { ... { secret } } }', '{ a }'],
    [
      'a fragment of which nothing is left, and where it is spread',
      '{ a ...F } fragment F on Query { ...G } fragment G on Query { secret }',
      '{ a }',
    ],
    [
      'a fragment that only a denied field used',
      '{ a secret { ...F } } fragment F on T { b ...G } fragment G on T { c }',
      '{ a }',
    ],
    [
      'variables that only a denied field used',
      'query Q($a: Int = 1, $b: Int, $c: Boolean!) { a(x: $a) secret(x: { y: [$b] }) @include(if: $c) }',
      'query Q($a: Int = 1) { a(x: $a) }',
    ],
    ['variables of a dropped fragment', 'query ($v: Boolean!) { a ... @skip(if: $v) { secret } }', '{ a }'],
  ])('is without %s', (_what, source, expected) => {
    expect(oneLine(filtered(source)!.document)).toBe(line(expected));
  });

  it.each([
    [
      'what is left of a fragment, for all who spread it',
      '{ a { ...F } b { ...F } } fragment F on T { c secret }',
      '{ a { ...F } b { ...F } } fragment F on T { c }',
    ],
    [
      'variables that are used in directives and fragments',
      'query ($a: Boolean!, $b: Int) { a @skip(if: $a) ...F secret } fragment F on Query { c(x: $b) }',
      'query ($a: Boolean!, $b: Int) { a @skip(if: $a) ...F } fragment F on Query { c(x: $b) }',
    ],
    ['a deferred part of which something is left', '{ a { ... @defer { b secret } } }', '{ a { ... @defer { b } } }'],
    ['an object of which nothing is left, by its name', '{ a { secret } }', '{ a { __typename } }'],
    [
      'an object behind fragments of which nothing is left',
      '{ a { ...F ... { secret } } } fragment F on T { secret }',
      '{ a { __typename } }',
    ],
    ['an operation of which nothing is left', 'mutation M { secret }', 'mutation M { __typename }'],
  ])('keeps %s', (_what, source, expected) => {
    expect(oneLine(filtered(source)!.document)).toBe(line(expected));
  });

  it('says which node a field became', () => {
    const { document, copies } = filtered('{ a { b secret } }')!;
    const [[whole, copy]] = [...copies] as [[FieldNode, FieldNode]];
    expect(whole.selectionSet?.selections).toHaveLength(2);
    expect(operationIn(document, null).selectionSet.selections[0]).toBe(copy);
    expect(copy.selectionSet?.selections[0]).toBe(whole.selectionSet?.selections[0]);
  });

  it('does not exist for a subscription to a denied field', () => {
    expect(filtered('subscription { secret { a } }')).toBeNull();
    expect(oneLine(filtered('subscription { a { b secret } }')!.document)).toBe(line('subscription { a { b } }'));
  });
});
