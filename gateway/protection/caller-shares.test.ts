import { describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@inevitable/contract';
import fc from 'fast-check';
import { CallerShares, type Held } from './caller-shares.js';

const ALL = 1_000;
const ONE = 400;
const tenant = (id: number) => ({ tenant: { id: `t${id}` }, client: { address: null } }) as unknown as RequestContext;
const address = (id: number) => ({ tenant: null, client: { address: `192.0.2.${id}` } }) as unknown as RequestContext;

describe('Shares of what callers have together', () => {
  it('give nobody more than a share, nor more than is left, and nothing of tenants to the anonymous', () => {
    const steps = fc.array(
      fc.record({ owner: fc.nat(4), amount: fc.integer({ min: 1, max: ONE }), gives: fc.boolean() }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (sequence) => {
        const shares = new CallerShares({ all: ALL, one: ONE }, { all: ALL, one: ONE });
        const had: { owner: number; amount: number; held: Held }[] = [];
        const sum = (of: readonly { amount: number }[]) => of.reduce((total, { amount }) => total + amount, 0);
        for (const { owner, amount, gives } of sequence) {
          const given = gives && had.pop();
          if (given) {
            given.held.release();
            given.held.release(); // twice is once
          }
          const left = ALL - sum(had);
          const own = sum(had.filter((one) => one.owner === owner)) + amount;
          const held = shares.take(tenant(owner), amount);
          expect(typeof held === 'string' ? held : 'held').toBe(own > ONE ? 'own' : own > left ? 'all' : 'held');
          if (typeof held !== 'string') had.push({ owner, amount, held });
          expect(sum(had)).toBeLessThanOrEqual(ALL);
        }
        expect(typeof shares.take(address(1), ONE)).toBe('object');
        for (const { held } of had) held.release();
        expect(typeof shares.take(tenant(0), ONE)).toBe('object');
      }),
    );
  });
});
