import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import type { FetchRewrite } from '../planner/query-plan.js';
import { rewriteAnswer } from './rewrite-answer.js';
import { typeConditions } from './type-conditions.js';

const TYPES = typeConditions(
  buildSchema(
    'type Query { a: Int } interface Media { id: ID } type Book implements Media { id: ID } type Film implements Media { id: ID }',
  ),
);
const rename = (renameKeyTo: string, ...path: string[]): FetchRewrite => ({ kind: 'KeyRenamer', path, renameKeyTo });

function rewritten(data: unknown, ...rewrites: FetchRewrite[]): unknown {
  rewriteAnswer(data, rewrites, TYPES);
  return JSON.parse(JSON.stringify(data));
}

describe('The rewrites of an answer', () => {
  it('rename a key wherever its path leads, through objects and lists', () => {
    const data = { shelves: [[{ best: { title__1: 'a' } }, null], null, [{ best: null }, 5, {}]] };
    expect(rewritten(data, rename('title', 'shelves', 'best', 'title__1'))).toEqual({
      shelves: [[{ best: { title: 'a' } }, null], null, [{ best: null }, 5, {}]],
    });
  });

  it('rename at the types that satisfy the condition, and where the type is not known', () => {
    const data = ['Book', 'Film', 'Media', 'Other', undefined].map((__typename) => ({ __typename, a__1: 1 }));
    const at = (condition: string) =>
      (rewritten(structuredClone(data), rename('a', condition, 'a__1')) as object[]).map((one) => 'a' in one);
    expect(at('... on Book')).toEqual([true, false, false, false, true]);
    expect(at('... on Media')).toEqual([true, true, true, false, true]);
  });

  it('keep a null, and do nothing where there is no such key', () => {
    expect(rewritten({ a__1: null }, rename('a', 'a__1'))).toEqual({ a: null });
    expect(rewritten({ a: 1 }, rename('a', 'a__1'))).toEqual({ a: 1 });
    expect(rewritten({}, rename('a', 'toString'))).toEqual({});
    expect(rewritten(null, rename('a', 'a__1'))).toBeNull();
  });

  it('set a value', () => {
    expect(rewritten([{ a: 1 }, {}], { kind: 'ValueSetter', path: ['a'], setValueTo: [2] })).toEqual([
      { a: [2] },
      { a: [2] },
    ]);
  });

  it('never reach a prototype', () => {
    const data = { value: { polluted: 1 } };
    const setter: FetchRewrite = { kind: 'ValueSetter', path: ['constructor', 'prototype', 'polluted'], setValueTo: 1 };
    rewriteAnswer(data, [setter, { ...setter, path: ['__proto__', 'polluted'] }, rename('__proto__', 'value')], TYPES);
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
  });
});
