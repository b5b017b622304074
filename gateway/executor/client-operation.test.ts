import { describe, expect, it } from '@jest/globals';
import { Kind, parse, type FieldNode } from 'graphql';
import {
  conditionValues,
  conditionVariables,
  fragmentsIn,
  includedUnder,
  operationIn,
  type ConditionValues,
} from './client-operation.js';

function valuesFor(query: string, given: Readonly<Record<string, unknown>>): ConditionValues {
  const document = parse(query);
  return conditionValues(conditionVariables(document, operationIn(document, null)), given);
}

describe('The conditions of an operation', () => {
  it('are the variables of every @skip and @include, those in fragments too, in the order of their declaration', () => {
    const query = `query ($a: Boolean!, $b: Boolean!, $c: Boolean = true, $other: Boolean) {
      x @include(if: $c) y(z: $other) ...F @skip(if: $a) }
      fragment F on Query { ... @include(if: $b) { x @skip(if: true) } }`;
    expect([...valuesFor(query, { a: true, b: false, other: true })]).toEqual([
      ['a', true],
      ['b', false],
      ['c', true],
    ]);
  });

  it.each<[string, Readonly<Record<string, unknown>>, boolean]>([
    ['$v: Boolean!', { v: true }, true],
    ['$v: Boolean!', { v: false }, false],
    ['$v: Boolean = true', {}, true],
    ['$v: Boolean = true', { v: undefined }, true],
    ['$v: Boolean = true', { v: false }, false],
    ['$v: Boolean = true', { v: null }, false],
    ['$v: Boolean = false', {}, false],
    ['$v: Boolean = false', { v: true }, true],
    ['$v: Boolean! = true', Object.create({ v: false }) as Record<string, unknown>, true],
  ])(
    'hold as the client says, or as the operation does where the client says nothing: %s with %j',
    (declared, given, holds) => {
      expect(valuesFor(`query (${declared}) { x @include(if: $v) }`, given).get('v')).toBe(holds);
    },
  );

  it.each([
    ['x', true],
    ['x @skip(if: true)', false],
    ['x @skip(if: false)', true],
    ['x @include(if: true)', true],
    ['x @include(if: false)', false],
    ['x @skip(if: $yes)', false],
    ['x @skip(if: $no)', true],
    ['x @include(if: $yes)', true],
    ['x @include(if: $no)', false],
    ['x @include(if: $yes) @skip(if: $yes)', false],
    ['x @include(if: $yes) @skip(if: $no)', true],
    ['x @other(if: false)', true],
  ])('decide about a selection: %s is included: %s', (text, included) => {
    const [definition] = parse(`{ ${text} }`).definitions;
    const field = definition?.kind === Kind.OPERATION_DEFINITION && definition.selectionSet.selections[0];
    const decide = includedUnder(
      new Map([
        ['yes', true],
        ['no', false],
      ]),
    );
    expect(decide(field as FieldNode)).toBe(included);
  });
});

describe('The document of a client', () => {
  const document = parse('query A { a } mutation B { b } fragment F on Query { f } fragment G on Query { g }');

  it('has the operation the client names, and the first where it names none', () => {
    expect(operationIn(document, 'B').operation).toBe('mutation');
    expect(operationIn(document, null).name?.value).toBe('A');
    expect(() => operationIn(document, 'F')).toThrow('does not hold the operation');
  });

  it('has its fragments by name', () => {
    expect([...fragmentsIn(document).keys()]).toEqual(['F', 'G']);
  });
});
