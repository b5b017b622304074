import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse } from 'graphql';
import { clientOperationOf } from '../test-support/client-operation-of.js';
import { answerText } from './answer.js';
import { operationWriters, type AnswerWriters } from './answer-writers.js';
import type { ClientOperation } from './client-operation.js';
import type { CompiledPlan } from './compile-plan.js';
import type { Fetched } from './run-plan.js';
import { writeAnswer } from './write-answer.js';

const schema = buildSchema('type Query { a: Int b: Book } type Book { id: ID! price: Int }');

/** Of an operation that was asked as often as this before. */
function written(
  query: string,
  given: Partial<Fetched>,
  { asked = 1, variables = {}, ...changes }: Partial<ClientOperation> & Circumstances = {},
) {
  const kinds: (keyof AnswerWriters)[] = [];
  const client = clientOperationOf(parse(query), {}, changes);
  const made = operationWriters(schema, client);
  const writers: AnswerWriters = {
    quick() {
      const write = made.quick();
      return write && ((...given) => (kinds.push('quick'), write(...given)));
    },
    exact: () => {
      kinds.push('exact');
      return made.exact();
    },
  };
  const plan = { client, schema, writers } as Partial<CompiledPlan> as CompiledPlan;
  const fetched: Fetched = { data: {}, errors: [], explained: [], passedThrough: null, ...given };
  for (; asked > 0; asked--) writeAnswer(plan, fetched, variables);
  kinds.length = 0;
  const answer = writeAnswer(plan, fetched, variables);
  return { kinds, text: String(answerText(answer)), answer };
}

interface Circumstances {
  readonly asked?: number;
  readonly variables?: Readonly<Record<string, unknown>>;
}

describe('An answer', () => {
  const errors = [{ message: 'no', path: ['a'] }];

  it('is written once where nothing is wrong with it, with the errors of its fetches', () => {
    expect(written('{ a b { id } }', { data: { b: { id: '1' } }, errors })).toMatchObject({
      kinds: ['quick'],
      text: '{"data":{"a":null,"b":{"id":"1"}},"errors":[{"message":"no","path":["a"]}]}',
    });
  });

  it('is written without a writer of its own where it is the operation’s first', () => {
    const data = { b: { id: '1' } };
    const [first, second] = [0, 1].map((asked) => written('{ a b { id } }', { data, errors }, { asked }));
    expect(first).toEqual({ ...second, kinds: ['exact'] });
  });

  it('is written again where something is, to say where', () => {
    const { kinds, text } = written('{ a b { id } }', {
      data: { a: 'x', b: { id: null } },
      errors,
      explained: [['a']],
    });
    expect(kinds).toEqual(['quick', 'exact']);
    expect(JSON.parse(text)).toEqual({
      data: { a: null, b: null },
      errors: [
        errors[0],
        {
          message: 'Cannot return null for non-nullable field Book.id.',
          path: ['b', 'id'],
          extensions: { code: 'INTERNAL' },
        },
      ],
    });
  });

  it('is written once, exactly, where fields are denied', () => {
    const denying = { mayDeny: true, isDenied: () => true };
    expect(written('{ a }', { data: { a: 1 } }, denying)).toMatchObject({
      kinds: ['exact'],
      answer: { errors: [{ path: ['a'] }] },
    });
  });

  it('is the subgraph’s own where that was passed through', () => {
    const bytes = Buffer.from('{"data":{"a":1}}');
    expect(written('{ a }', { passedThrough: { bytes, objects: 0 } })).toMatchObject({
      kinds: [],
      answer: { data: bytes, passedThrough: true },
    });
  });

  it('holds what the schema says of itself, with the client’s variables', () => {
    const query = 'query ($name: String!) { a t: __type(name: $name) { name } }';
    expect(written(query, { data: { a: 1 } }, { variables: { name: 'Book' } }).text).toBe(
      '{"data":{"a":1,"t":{"name":"Book"}}}',
    );
  });
});
