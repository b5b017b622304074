import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse } from 'graphql';
import { clientOperationOf } from '../test-support/client-operation-of.js';
import { answerText } from './answer.js';
import type { ClientOperation } from './client-operation.js';
import { compileAnswer, type WriterKind } from './compile-answer.js';
import type { CompiledPlan } from './compile-plan.js';
import type { Fetched } from './run-plan.js';
import { writeAnswer } from './write-answer.js';

const schema = buildSchema('type Query { a: Int b: Book } type Book { id: ID! price: Int }');

function written(query: string, given: Partial<Fetched>, changes: Partial<ClientOperation> = {}, variables = {}) {
  const kinds: WriterKind[] = [];
  const client = clientOperationOf(parse(query), {}, changes);
  const writer = (kind: WriterKind) => {
    kinds.push(kind);
    return compileAnswer(schema, client, kind);
  };
  const plan = { client, schema, writer } as Partial<CompiledPlan> as CompiledPlan;
  const answer = writeAnswer(plan, { data: {}, errors: [], explained: [], passedThrough: null, ...given }, variables);
  return { kinds, text: String(answerText(answer)), answer };
}

describe('An answer', () => {
  it('is written once where nothing is wrong with it, with the errors of its fetches', () => {
    const errors = [{ message: 'no', path: ['a'] }];
    expect(written('{ a b { id } }', { data: { b: { id: '1' } }, errors })).toMatchObject({
      kinds: ['quick'],
      text: '{"data":{"a":null,"b":{"id":"1"}},"errors":[{"message":"no","path":["a"]}]}',
    });
  });

  it('is written again where something is, to say where', () => {
    const errors = [{ message: 'no', path: ['a'] }];
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
    expect(written(query, { data: { a: 1 } }, {}, { name: 'Book' }).text).toBe('{"data":{"a":1,"t":{"name":"Book"}}}');
  });
});
