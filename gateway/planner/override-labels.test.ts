import { describe, expect, it } from '@jest/globals';
import type { RequestContext, TenantId } from '@inevitable/contract';
import fc from 'fast-check';
import { contextFor } from '../test-support/test-subgraphs.js';
import { decideOverrides, overridesKey } from './override-labels.js';

const of = (tenant: string, requestId = 'r1'): RequestContext =>
  contextFor({ requestId, tenant: { id: tenant as TenantId, plan: 'free', entitlementsDigest: 'd' } });
const ofNobody = (requestId: string): RequestContext => contextFor({ requestId });

const isOn = (label: string, context: RequestContext): boolean => decideOverrides([label], context, null)[label]!;
const percents = fc.double({ min: 0, max: 100, noNaN: true }).map((n) => Math.round(n * 10) / 10);

describe('percent(n)', () => {
  it('is the same for a tenant with every request, whoever of the tenant asks', () => {
    fc.assert(
      fc.property(percents, fc.uuid(), fc.string(), fc.string(), (n, tenant, one, other) => {
        expect(isOn(`percent(${n})`, of(tenant, one))).toBe(isOn(`percent(${n})`, of(tenant, other)));
      }),
    );
  });

  it('is on for n percent of tenants', () => {
    const tenants = Array.from({ length: 20_000 }, (_, index) => of(`tenant-${index}`));
    for (const n of [0.5, 1, 10, 33.3, 50, 75, 99]) {
      const on = tenants.filter((context) => isOn(`percent(${n})`, context)).length;
      // Five standard deviations of as many throws of a coin that falls so: far from chance, near to the promise.
      const tolerance = 5 * Math.sqrt(tenants.length * (n / 100) * (1 - n / 100));
      expect(Math.abs(on - tenants.length * (n / 100))).toBeLessThan(tolerance);
    }
  });

  it('is never on for 0, and always for 100', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uuid().map((tenant) => of(tenant)),
          fc.string().map(ofNobody),
        ),
        (context) => {
          expect([isOn('percent(0)', context), isOn('percent(100)', context)]).toEqual([false, true]);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('counts callers without a tenant by request', () => {
    const on = Array.from({ length: 1_000 }, (_, index) => isOn('percent(50)', ofNobody(`r-${index}`)));
    expect(new Set(on)).toEqual(new Set([true, false]));
    expect(isOn('percent(50)', ofNobody('r-1'))).toBe(isOn('percent(50)', ofNobody('r-1')));
  });

  it('stays on for a tenant while n grows', () => {
    fc.assert(
      fc.property(percents, percents, fc.uuid(), (n, more, tenant) => {
        const [fewer, many] = [Math.min(n, more), Math.max(n, more)];
        if (isOn(`percent(${fewer})`, of(tenant))) expect(isOn(`percent(${many})`, of(tenant))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is not asked of extensions', () => {
    const asked: string[] = [];
    decideOverrides(['percent(100)', 'named'], of('t'), (label) => void asked.push(label));
    expect(asked).toEqual(['named']);
  });
});

describe('A named label', () => {
  it('is what an extension says for this caller, and off where none does', () => {
    const labels = ['on', 'off', 'unknown'];
    const decide = (label: string, { tenant }: RequestContext) =>
      label === 'on' ? tenant?.id === 'acme' : label === 'off' ? false : undefined;
    expect(decideOverrides(labels, of('acme'), decide)).toEqual({ on: true, off: false, unknown: false });
    expect(decideOverrides(labels, of('globex'), decide)).toEqual({ on: false, off: false, unknown: false });
    expect(decideOverrides(labels, of('acme'), null)).toEqual({ on: false, off: false, unknown: false });
  });

  it.each(['percent(x)', 'percent', 'percent(-1)', 'PERCENT(100)', 'percent(100) '])(
    'is also what only looks like a share: %j',
    (label) => {
      expect(isOn(label, of('acme'))).toBe(false);
    },
  );

  it('is on by a plain yes only', () => {
    const yes = (() => 'yes') as unknown as () => boolean;
    expect(decideOverrides(['named'], of('acme'), yes)).toEqual({ named: false });
  });
});

describe('The key of decisions', () => {
  it('is equal for equal decisions and for no others', () => {
    const labels = ['a', 'b', 'percent(50)'];
    const decisions = fc.record({ a: fc.boolean(), b: fc.boolean(), tenant: fc.constantFrom('t1', 't2', 't3', 't4') });
    const made = ({ a, b, tenant }: { a: boolean; b: boolean; tenant: string }) =>
      decideOverrides(labels, of(tenant), (label) => (label === 'a' ? a : b));
    fc.assert(
      fc.property(decisions, decisions, (one, other) => {
        const [first, second] = [made(one), made(other)];
        expect(overridesKey(first) === overridesKey(second)).toBe(JSON.stringify(first) === JSON.stringify(second));
      }),
    );
  });

  it('is empty where a supergraph has no labels', () => {
    expect(overridesKey(decideOverrides([], of('acme'), () => true))).toBe('');
  });
});
