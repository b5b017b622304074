import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  buildSchema,
  executeSync,
  getNamedType,
  isCompositeType,
  parse,
  type DocumentNode,
  type GraphQLResolveInfo,
} from 'graphql';
import { AnswerProblems } from '../executor/answer-problems.js';
import { operationWriters } from '../executor/answer-writers.js';
import type { Answer } from '../executor/answer.js';
import { faultlessAnswer, PLAIN_VALUES } from '../test-support/any-answer.js';
import { anyNumbers, Choices } from '../test-support/choices.js';
import { clientOperationOf } from '../test-support/client-operation-of.js';
import { anyPricedOperation, PRICED_SDL } from '../test-support/priced-schema.js';
import { actualCosts } from './actual-cost.js';
import { operationCosts } from './operation-cost.js';
import { argumentValues, pricesOf, valuesGiven } from './prices.js';
import { readCosts } from './read-costs.js';

type Variables = Readonly<Record<string, unknown>>;

const schemaOf = (sdl: string) => buildSchema(sdl, { assumeValid: true, assumeValidSDL: true });

function measured(sdl: string) {
  const schema = schemaOf(sdl);
  const measures = actualCosts(schema, readCosts(sdl));
  const prices = pricesOf(readCosts(sdl));
  return {
    schema,
    estimate: operationCosts(schema, readCosts(sdl)),
    of(source: string, data: object, variables: Variables = {}): number {
      const client = clientOperationOf(parse(source), variables);
      const problems = new AnswerProblems([]);
      const text = operationWriters(schema, client).exact()(data, problems, () => '{"kind":{}}');
      const answer: Answer = {
        data: text,
        objects: problems.objects,
        passedThrough: false,
        errors: [],
        extensions: null,
      };
      const measure = measures(client);
      const cost = measure(answer, variables);
      const bytes = Buffer.from(`{"data":${text}}`);
      expect(measure({ ...answer, data: bytes, passedThrough: true }, variables)).toBe(cost);
      return cost;
    },
    /** What graphql-js comes by on its way through the same data, where each object knows its type. */
    counted(document: DocumentNode, data: object, variableValues: Variables): number {
      let cost = 0;
      const resolve = (
        source: Variables,
        _arguments: unknown,
        _context: unknown,
        info: GraphQLResolveInfo,
      ): unknown => {
        const { parentType, fieldName, fieldNodes, path, operation } = info;
        const field = parentType.getFields()[fieldName]!;
        const inputs = argumentValues(fieldNodes[0]!, valuesGiven(operation, variableValues));
        cost += prices.costOfInputs(parentType, field, inputs);
        const named = getNamedType(field.type);
        const weigh = (value: unknown): void => {
          if (Array.isArray(value)) return value.forEach(weigh);
          if (value === null) return;
          const type = isCompositeType(named) ? schema.getType((value as { __typename: string }).__typename)! : named;
          cost += prices.weightOfField(parentType, field) ?? prices.weightOf(type);
        };
        weigh(source[path.key] ?? null);
        return source[path.key];
      };
      executeSync({
        schema,
        document,
        rootValue: data,
        variableValues,
        fieldResolver: resolve,
        typeResolver: (value: { __typename: string }) => value.__typename,
      });
      return cost;
    },
  };
}

describe('The actual cost of an operation', () => {
  it.each([
    ['everything is priced', PRICED_SDL],
    ['only objects and inputs are', PRICED_SDL.replaceAll(/@cost\(weight: \d+\)/g, '')],
  ])('is that of what its answer holds, counted or read, where %s', (_where, sdl) => {
    const { schema, of, counted } = measured(sdl);
    fc.assert(
      fc.property(anyPricedOperation, anyNumbers(60), ({ source, variables }, numbers) => {
        const document = parse(source);
        const given = variables[0]!;
        const data = faultlessAnswer(schema, document, given, new Choices(numbers), PLAIN_VALUES);
        expect(of(source, data, given)).toBe(counted(document, data, given));
      }),
      { numRuns: 150 },
    );
  });

  const { of, estimate } = measured(PRICED_SDL);
  it.each([
    ['lists are as long as they are', '{ all { id } }', { all: [{ id: '1' }, null, { id: '2' }] }, 2],
    ['... lists of lists too', '{ grid { id } }', { grid: [[{ id: '1' }], [], null, [{ id: '2' }]] }, 2],
    ['a mutation costs 10 more, whatever came of it', 'mutation { rate(stars: 1) { id } }', { rate: null }, 10],
    [
      'inputs cost what they were estimated at',
      '{ search(filter: { rank: LOW }) { __typename } }',
      { search: [] },
      1 + 4,
    ],
    ['introspection is free', '{ __schema { types { name } } book { id } }', { book: { id: '1' } }, 1],
    [
      'an object without a type name is of the one that has its fields',
      '{ node { id ... on Book { title } ... on Author { name } } }',
      { node: { __typename: 'Book', id: '1', title: 'a' } },
      1,
    ],
    ['... or of the most expensive one', '{ node { id } }', { node: { __typename: 'Book', id: '1' } }, 5],
    [
      'fields that merge are counted once',
      '{ book { author { id } author { name } } }',
      { book: { author: { id: '1', name: 'a' } } },
      1 + 5,
    ],
  ])('counts what came: %s', (_rule, source, data, expected) => expect(of(source, data)).toBe(expected));

  it('can be more than was estimated where a list is longer than was assumed', () => {
    const source = '{ all { id } }';
    const all = Array.from({ length: 25 }, (_, id) => ({ id: `${id}` }));
    expect([estimate(parse(source), null, {}).total, of(source, { all })]).toEqual([10, 25]);
  });

  it('is that of inputs alone where null reached the top', () => {
    const sdl = 'type Query { a(of: Of): A! } input Of { x: Int } type A { id: ID! }';
    expect(measured(sdl).of('{ a(of: {}) { id } }', { a: null })).toBe(1);
  });
});
