import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse } from 'graphql';
import type { DeferNode } from '../../planner/query-plan.js';
import { responseName } from '../../test-support/client-operation-of.js';
import { planOf } from '../../test-support/plan-nodes.js';
import { compilePlan, type CompiledPlan } from '../compile-plan.js';
import type { FetchedPart } from '../run-plan.js';
import { typeConditions } from '../type-conditions.js';
import { writeAnswer } from '../write-answer.js';
import { expandDeferred } from './expand-deferred.js';
import { Increments, type WrittenPart } from './increments.js';

const SCHEMA = buildSchema('type Query { users: [User] } type User { id: ID  must: Int!  may: Int  friend: User }');
const TYPES = typeConditions(SCHEMA);

const deferring = (label: string, node?: DeferNode): DeferNode => ({
  kind: 'Defer',
  primary: {},
  deferred: [{ depends: [], label, queryPath: [], ...(node && { node }) }],
});

/** A plan with one deferred fragment within another, whose fetches the test makes up. */
function nestedPlan(query: string): CompiledPlan {
  const { document, clientLabels } = expandDeferred(parse(query), new Map())!;
  const [outer, inner] = [...clientLabels.keys()];
  return compilePlan(
    {
      document,
      operationName: null,
      plan: planOf(deferring(outer!, deferring(inner!))),
      clientVariables: new Map(),
      plannedName: responseName,
      isDenied: null,
      clientLabels,
    },
    new Map(),
    { schema: SCHEMA, types: TYPES, keys: () => [{ id: {} }], requiresInput: () => false, hidesTypes: false },
  );
}

const PLAN = nestedPlan('{ users { id ... @defer { must may friend { id ... @defer { must } } } } }');

/** What the outer part comes to, after a first answer without errors. */
function outerPart(fetched: Partial<FetchedPart> & Pick<FetchedPart, 'data'>): WrittenPart {
  const increments = new Increments(PLAN, TYPES, {});
  const first = { data: fetched.data, errors: [], explained: [], passedThrough: null };
  increments.first(first, writeAnswer(PLAN, first, {}));
  return increments.next(1, { errors: [], explained: [], ...fetched });
}

/** Minutes, for whatever looks at all of them for each of them. */
const MANY = 40_000;
const many = <Item>(item: (at: number) => Item): Item[] => Array.from({ length: MANY }, (_, at) => item(at));
const error = (...path: (string | number)[]) => ({ message: 'Failed.', path, extensions: { code: 'INTERNAL' } });

describe('The increments of a part', () => {
  it('have each their own errors, however many they are', () => {
    const { increments, pending } = outerPart({
      data: { users: many((at) => ({ id: `${at}`, must: null, friend: { id: `f${at}` } })) },
      errors: many((at) => error('users', at, 'must')),
      explained: many((at) => ['users', at, 'must']),
    });
    expect(increments).toHaveLength(MANY);
    expect(increments[MANY - 1]).toMatchObject({ data: null, errors: [error('users', MANY - 1, 'must')] });
    expect(increments.every(({ data, errors }) => data === null && errors.length === 1)).toBe(true);
    expect(pending).toEqual([]);
  });

  it('announce what follows below those that are there, however many they are', () => {
    const { increments, pending } = outerPart({
      data: { users: many((at) => ({ id: `${at}`, must: at === 7 ? null : at, friend: { id: `f${at}` } })) },
    });
    expect(increments.flatMap(({ errors }) => errors)).toEqual([
      {
        message: 'Cannot return null for non-nullable field User.must.',
        path: ['users', 7, 'must'],
        extensions: { code: 'INTERNAL' },
      },
    ]);
    expect(pending).toHaveLength(MANY - 1);
    expect(pending.map(({ path }) => path[1])).not.toContain(7);
  });

  it('say of each that is null why, where its own error was one too many', () => {
    const data = { users: [1, 2, 3].map((id) => ({ id: `${id}`, must: null })) };
    const explained = [0, 1, 2].map((at) => ['users', at, 'must']);
    const said = outerPart({ data, explained, errors: [error('users', 1, 'must')] });
    expect(said.increments.map(({ errors }) => errors)).toEqual([
      [error('users', 0)],
      [error('users', 1, 'must')],
      [error('users', 2)],
    ]);
  });

  it('are null with a fault of ours where nothing at all was said', () => {
    const { increments } = outerPart({ data: { users: [{ id: '1', must: null }] }, explained: [['users', 0]] });
    expect(increments).toMatchObject([
      {
        data: null,
        errors: [{ message: 'Something failed on our side.', path: ['users', 0], extensions: { code: 'INTERNAL' } }],
      },
    ]);
  });

  it('share an error that concerns all of them: the first one tells', () => {
    const data = { users: [1, 2, 3].map((id) => ({ id: `${id}`, must: id })) };
    const fault = { message: 'Something failed on our side.', extensions: { code: 'INTERNAL' } };
    const { increments } = outerPart({ data, errors: [fault, error('users')] });
    expect(increments.map(({ errors }) => errors)).toEqual([[fault, error('users')], [], []]);
  });

  it('do not tell an error about a place that is not theirs', () => {
    const data = { users: [{ id: '1', must: 1 }] };
    const { increments } = outerPart({ data, errors: [error('users', 1, 'must'), error('others')] });
    expect(increments.flatMap(({ errors }) => errors)).toEqual([]);
  });
});
