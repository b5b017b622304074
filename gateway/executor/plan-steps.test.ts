import { describe, expect, it } from '@jest/globals';
import type { PlanNode, QueryPlan } from '../planner/query-plan.js';
import { condition, fetch, flatten, parallel, planOf, sequence } from '../test-support/plan-nodes.js';
import { planSteps } from './plan-steps.js';

const ask = (name: string) => fetch(name, '{a}');
function steps(node: PlanNode, conditions: Readonly<Record<string, boolean>> = {}) {
  const { steps: all } = planSteps(planOf(node), new Map(Object.entries(conditions)));
  return all.map(({ fetch: { serviceName }, path, after, level }) => ({
    asks: serviceName,
    at: path.join('.'),
    after: after.map((index) => all[index]!.fetch.serviceName),
    level,
  }));
}

describe('The steps of a plan', () => {
  it('are none where no subgraph is needed', () => {
    expect(planSteps({ kind: 'QueryPlan' }, new Map())).toEqual({ steps: [], parts: [] });
  });

  it('wait for what stands before them in a sequence, and not for what stands beside them', () => {
    expect(steps(sequence(ask('a'), parallel(ask('b'), sequence(ask('c'), ask('d'))), ask('e')))).toEqual([
      { asks: 'a', at: '', after: [], level: 0 },
      { asks: 'b', at: '', after: ['a'], level: 1 },
      { asks: 'c', at: '', after: ['a'], level: 1 },
      { asks: 'd', at: '', after: ['c'], level: 2 },
      { asks: 'e', at: '', after: ['b', 'd'], level: 3 },
    ]);
  });

  it('are where the nodes around them flatten to', () => {
    expect(steps(flatten('a.@', sequence(ask('x'), flatten('b', ask('y')))))).toEqual([
      { asks: 'x', at: 'a.@', after: [], level: 0 },
      { asks: 'y', at: 'a.@.b', after: ['x'], level: 1 },
    ]);
  });

  it('are those of the chosen branch of a condition; what comes after waits for what came before it otherwise', () => {
    const plan = sequence(ask('a'), condition('v', ask('yes'), ask('no')), condition('w', ask('more')), ask('z'));
    const asked = (conditions: Readonly<Record<string, boolean>>) =>
      steps(plan, conditions).map(({ asks, after }) => [asks, ...after]);
    expect(asked({ v: true, w: false })).toEqual([['a'], ['yes', 'a'], ['z', 'yes']]);
    expect(asked({ v: false, w: true })).toEqual([['a'], ['no', 'a'], ['more', 'no'], ['z', 'more']]);
    expect(asked({})).toEqual([['a'], ['no', 'a'], ['z', 'no']]);
    expect(steps(parallel(condition('v', ask('yes')), condition('w', ask('more'))))).toEqual([]);
  });

  it('wait for what came before all the same where a whole branch is left out', () => {
    const plan = sequence(ask('a'), parallel(condition('v', ask('b')), condition('v', ask('c'))), ask('d'));
    expect(steps(plan).map(({ asks, after, level }) => [asks, ...after, level])).toEqual([
      ['a', 0],
      ['d', 'a', 1],
    ]);
  });

  it('have beside a fetch the one that stands in for it, and later ones wait for both', () => {
    const plan = planOf(sequence(ask('a'), ask('b')));
    const bare = (one: ReturnType<typeof ask>) => (one.serviceName === 'a' ? { ...one, requires: [] } : null);
    const [whole, rest, later, ...more] = planSteps(plan, new Map(), bare).steps;
    expect(more).toEqual([]);
    expect([whole!.insteadOf, rest!.insteadOf, later!.insteadOf]).toEqual([null, whole!.fetch, null]);
    expect([whole!.after, rest!.after, later!.after]).toEqual([[], [], [0, 1]]);
  });

  it('of a subscription wait for its event', () => {
    const rest = parallel(ask('b'), ask('c'));
    const plan: QueryPlan = { kind: 'QueryPlan', node: { kind: 'Subscription', primary: ask('a'), rest } };
    expect(planSteps(plan, new Map()).steps.map(({ fetch, after }) => [fetch.serviceName, ...after])).toEqual([
      ['a'],
      ['b', 0],
      ['c', 0],
    ]);
  });

  it('that are deferred wait for the fetches they are told to, and belong to a part of their own', () => {
    const first = { ...ask('a'), id: '0' };
    const inner = { ...ask('c'), id: '1' };
    const part = (label: string, id: string, node?: PlanNode) => ({
      depends: [{ id }],
      label,
      queryPath: [],
      ...(node && { node }),
    });
    const nested: PlanNode = { kind: 'Defer', primary: { node: inner }, deferred: [part('deep', '1', ask('d'))] };
    const plan = planOf({
      kind: 'Defer',
      primary: { node: parallel(first, ask('b')) },
      deferred: [part('outer', '0', nested), part('here already', '0')],
    });
    const { steps, parts } = planSteps(plan, new Map());
    expect(steps.map(({ fetch, after, part }) => [fetch.serviceName, part, ...after])).toEqual([
      ['a', 0],
      ['b', 0],
      ['c', 1, 0],
      ['d', 2, 0, 2],
    ]);
    expect(parts).toEqual([
      { label: 'outer', within: 0, needs: [2] },
      { label: 'deep', within: 1, needs: [3] },
      { label: 'here already', within: 0, needs: [0] },
    ]);
  });

  it('that are deferred wait for every fetch of an id that fields of a mutation share', () => {
    const plan = planOf({
      kind: 'Defer',
      primary: { node: sequence({ ...ask('a'), id: '0' }, { ...ask('b'), id: '0' }) },
      deferred: [{ depends: [{ id: '0' }], label: 'of a', queryPath: [], node: ask('c') }],
    });
    expect(planSteps(plan, new Map()).steps.at(-1)).toMatchObject({ after: [0, 1], part: 1 });
  });
});
