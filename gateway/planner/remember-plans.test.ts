import { beforeEach, describe, expect, it } from '@jest/globals';
import { request } from '../test-support/maze.js';
import { TEST_SUPERGRAPH } from '../test-support/test-subgraphs.js';
import { loadApolloPlanner } from './apollo-planner.js';
import { packPlan } from './packed-plan.js';
import type { PlanRequest } from './planner.js';
import { rememberPlans } from './remember-plans.js';

const planner = loadApolloPlanner(TEST_SUPERGRAPH);
const NOTES = request('{ notes { text author { email greeting } } }');
const BY_CONDITION = request('query Q($n: Boolean!) { notes { id @include(if: $n) text } }', 'Q');

let planned: PlanRequest[];
let mostCharacters: number | undefined;
const remembering = () =>
  rememberPlans(async (asked) => {
    planned.push(asked);
    return packPlan(planner.plan(asked));
  }, mostCharacters);
beforeEach(() => {
  planned = [];
  mostCharacters = undefined;
});

describe('Plans that are remembered', () => {
  it('are made once, and are what was made', async () => {
    const plan = remembering();
    for (let time = 0; time < 3; time++) expect(await plan(NOTES)).toEqual(planner.plan(NOTES));
    expect(planned).toEqual([NOTES]);
  });

  it.each<[string, PlanRequest]>([
    ['document', request('{ notes { text } }')],
    ['operation', { ...NOTES, operationName: 'Q', document: `query Q ${NOTES.document}` }],
    ['condition', { ...BY_CONDITION, conditions: new Map([['n', false]]) }],
    ['side of an override', { ...NOTES, overrides: { 'percent(5)': true } }],
  ])('are not taken for another %s', async (_, other) => {
    const plan = remembering();
    const one = other.conditions.size > 0 ? { ...other, conditions: new Map([['n', true]]) } : NOTES;
    expect(await plan(one)).toEqual(planner.plan(one));
    expect(await plan(other)).toEqual(planner.plan(other));
    expect(planned).toEqual([one, other]);
  });

  it('give way to others when they are too long together', async () => {
    const [first, ...others] = Array.from({ length: 30 }, (_, number) =>
      request(`{ n${10 + number}: notes { text } }`),
    );
    mostCharacters = 20 * packPlan(planner.plan(first!)).length;
    const plan = remembering();
    for (const one of [first!, ...others, others.at(-1)!, first!]) await plan(one);
    expect(planned).toEqual([first, ...others, first]);
  });

  it('are not remembered where one alone would push out many others', async () => {
    const small = request('{ notes { text } }');
    mostCharacters = 20 * packPlan(planner.plan(small)).length;
    const plan = remembering();
    for (const one of [small, NOTES, NOTES, small]) await plan(one);
    expect(planned).toEqual([small, NOTES, NOTES]);
  });

  it('are not there after a failure', async () => {
    const plan = remembering();
    await expect(plan(request('{ nope }'))).rejects.toThrow('Cannot query field "nope"');
    await expect(plan(request('{ nope }'))).rejects.toThrow('Cannot query field "nope"');
    expect(planned).toHaveLength(2);
  });
});
