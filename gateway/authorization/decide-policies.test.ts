import { describe, expect, it } from '@jest/globals';
import { entitlementsWith, nobody, somebody } from '../test-support/protected-supergraph.js';
import { decidePolicies } from './decide-policies.js';
import { tenantEntitlements } from './tenant-entitlements.js';

const plan = {
  describe: () =>
    Promise.resolve(
      entitlementsWith({
        'platforms.generate': { kind: 'metered', limit: 5, per: 'month' },
        'billing.invoices': { kind: 'boolean', enabled: false },
      }),
    ),
};

describe('A policy', () => {
  it.each([
    ['entitled:platforms.generate', true],
    ['entitled:billing.invoices', false],
    ['entitled:unknown', false],
    ['entitled:', false],
    ['product:platforms', true],
    ['product:billing', false],
    ['product:unknown', false],
  ])('%s is answered from the plan: %s', async (policy, expected) => {
    expect(await decidePolicies(tenantEntitlements(plan))(policy, somebody())).toBe(expected);
  });

  it('is answered without waiting once the plan is known', async () => {
    const decide = decidePolicies(tenantEntitlements(plan));
    await decide('entitled:unknown', somebody());
    expect(decide('entitled:platforms.generate', somebody())).toBe(true);
  });

  it('about entitlements is denied to nobody in particular, and where there are none', () => {
    expect(decidePolicies(tenantEntitlements(plan))('product:platforms', nobody())).toBe(false);
    expect(decidePolicies(null)('product:platforms', somebody())).toBe(false);
  });

  it('of another name is left to whoever knows it, and unanswered otherwise', () => {
    const decide = decidePolicies(
      tenantEntitlements(plan),
      (policy, { caller }) => policy === 'human' && caller.kind === 'member',
    );
    expect(decide('human', somebody())).toBe(true);
    expect(decidePolicies(tenantEntitlements(plan))('human', somebody())).toBeUndefined();
  });

  it('about entitlements is left to nobody else', async () => {
    const decide = decidePolicies(tenantEntitlements(plan), () => true);
    expect(await decide('entitled:unknown', somebody())).toBe(false);
  });
});
