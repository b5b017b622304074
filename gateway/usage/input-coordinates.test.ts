import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, getNamedType, parse, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import { operationIn } from '../executor/client-operation.js';
import { compileInputCoordinates } from './input-coordinates.js';

const schema = buildSchema(`
  type Query { find(by: Filter, moods: [[Mood]], some: [Filter!], text: String, odd: Odd): Int }
  input Filter { text: String  size: Int  mood: Mood  moods: [Mood!]  odd: Odd  and: [Filter!]  not: Filter  order: [[Order]] }
  input Order { by: String!  descending: Boolean = false }
  enum Mood { GOOD BAD }
  scalar Odd
`);

const compiled = (variableDefinitions: string) =>
  compileInputCoordinates(operationIn(parse(`query (${variableDefinitions}) { find }`), null), schema);
function coordinatesOf(variableDefinitions: string, variables: Record<string, unknown>): string[] {
  const told = new Set<string>();
  compiled(variableDefinitions)!(variables, (coordinate) => told.add(coordinate));
  return [...told].sort();
}

describe('What came in variables', () => {
  it('is each input field that was given, also by null, and each enum value', () => {
    const by = { text: null, mood: 'GOOD', and: [{ size: 1 }, { not: { order: [[{ by: 'text' }]] } }] };
    expect(coordinatesOf('$by: Filter!, $text: String', { by, text: 'Ada' })).toEqual([
      'Filter.and',
      'Filter.mood',
      'Filter.not',
      'Filter.order',
      'Filter.size',
      'Filter.text',
      'Mood.GOOD',
      'Order.by',
    ]);
  });

  it('may be one in the place of a list', () => {
    expect(coordinatesOf('$moods: [[Mood]]', { moods: 'BAD' })).toEqual(['Mood.BAD']);
    expect(coordinatesOf('$some: [Filter!]', { some: { and: { moods: 'GOOD' } } })).toEqual([
      'Filter.and',
      'Filter.moods',
      'Mood.GOOD',
    ]);
  });

  it('holds no name that the schema does not have, and nothing of a variable that was not given', () => {
    const by = { ada: 'Eve', toString: 'GOOD', mood: 'ADA', odd: { text: 'GOOD' } };
    expect(coordinatesOf('$by: Filter, $other: Filter', { by })).toEqual(['Filter.mood', 'Filter.odd']);
  });

  it.each(['$text: String', '$odd: Odd, $n: [Int!]!', '$unknown: Unknown'])(
    'is not even looked at where there can be nothing: %s',
    (variableDefinitions) => expect(compiled(variableDefinitions)).toBeNull(),
  );

  it('is what the same operation would have with literals in the place of its variables', () =>
    fc.assert(
      fc.property(anyFilter, (by) => {
        expect(coordinatesOf('$by: Filter, $some: [Filter!]', { by, some: [by, { text: 'x' }] })).toEqual(
          coordinatesIn(`{ find(by: ${literal(by)}, some: [${literal(by)}, { text: "x" }]) }`),
        );
      }),
      { numRuns: 100 },
    ));
});

const mood = fc.constantFrom('GOOD', 'BAD', null);
const order = fc.record({ by: fc.constant('x'), descending: fc.boolean() }, { requiredKeys: ['by'] });
const anyFilter = fc.letrec<{ filter: object }>((tie) => ({
  filter: fc.record(
    {
      text: fc.option(fc.constantFrom('GOOD', 'text')),
      size: fc.nat(),
      mood,
      moods: fc.oneof(mood, fc.array(fc.constantFrom('GOOD', 'BAD'), { maxLength: 2 })),
      odd: fc.constantFrom(1, 'BAD'),
      and: fc.array(tie('filter'), { maxLength: 2 }),
      not: fc.option(tie('filter'), { depthSize: 'xsmall' }),
      order: fc.array(fc.array(order, { maxLength: 2 }), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  ),
})).filter;

/** As GraphQL writes it; a text in the place of an enum value without quotes. */
const literal = (value: unknown, isMood = false): string => {
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, isMood)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return isMood ? String(value) : JSON.stringify(value);
  const fields = Object.entries(value).map(([name, given]) => `${name}: ${literal(given, name.startsWith('mood'))}`);
  return `{ ${fields.join(', ')} }`;
};

function coordinatesIn(source: string): string[] {
  const found = new Set<string>();
  const types = new TypeInfo(schema);
  visit(
    parse(source),
    visitWithTypeInfo(types, {
      ObjectField: ({ name }) => void found.add(`${getNamedType(types.getParentInputType())!.name}.${name.value}`),
      EnumValue: ({ value }) => void found.add(`${getNamedType(types.getInputType())!.name}.${value}`),
    }),
  );
  return [...found].sort();
}
