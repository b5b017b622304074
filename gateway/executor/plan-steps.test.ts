import { describe, expect, it } from '@jest/globals';
import type { PlanNode, QueryPlan } from '../planner/query-plan.js';
import { condition, fetch, flatten, parallel, planOf, sequence } from '../test-support/plan-nodes.js';
import { planSteps } from './plan-steps.js';

const ask = (name: string) => fetch(name, '{a}');
function steps(node: PlanNode, conditions: Readonly<Record<string, boolean>> = {}) {
  const all = planSteps(planOf(node), new Map(Object.entries(conditions)));
  return all.map(({ fetch: { serviceName }, path, after, level }) => ({
    asks: serviceName,
    at: path.join('.'),
    after: after.map((index) => all[index]!.fetch.serviceName),
    level,
  }));
}

describe('The steps of a plan', () => {
  it('are none where no subgraph is needed', () => {
    expect(planSteps({ kind: 'QueryPlan' }, new Map())).toEqual([]);
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
    const [whole, rest, later, ...more] = planSteps(plan, new Map(), bare);
    expect(more).toEqual([]);
    expect([whole!.insteadOf, rest!.insteadOf, later!.insteadOf]).toEqual([null, whole!.fetch, null]);
    expect([whole!.after, rest!.after, later!.after]).toEqual([[], [], [0, 1]]);
  });

  it('are not made of what is answered in parts', () => {
    const deferred: QueryPlan = planOf({ kind: 'Defer', primary: {}, deferred: [] });
    const subscription: QueryPlan = { kind: 'QueryPlan', node: { kind: 'Subscription', primary: ask('a') } };
    expect(() => planSteps(deferred, new Map())).toThrow('@defer');
    expect(() => planSteps(subscription, new Map())).toThrow('subscription');
  });
});
