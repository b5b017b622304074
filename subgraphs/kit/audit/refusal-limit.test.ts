import { describe, expect, it } from '@jest/globals';
import type { TenantId } from '@inevitable/contract';
import { refusalLimit } from './refusal-limit.js';

const [ACME, GLOBEX] = ['acme', 'globex'] as [TenantId, TenantId];

describe('Refusals of one tenant', () => {
  it('are recorded 60 times a minute, and the next one says how many were left out since', () => {
    let now = 0;
    const limit = refusalLimit(() => now);
    const seen = Array.from({ length: 100 }, () => limit.claim(ACME));
    expect(seen).toEqual([...Array<object>(60).fill({ leftOut: 0 }), ...Array<null>(40).fill(null)]);
    now = 59_999;
    expect(limit.claim(ACME)).toBeNull();
    now = 60_000;
    expect([limit.claim(ACME), limit.claim(ACME)]).toEqual([{ leftOut: 41 }, { leftOut: 0 }]);
  });

  it('leave out none of another tenant, and none of no tenant', () => {
    const limit = refusalLimit(() => 0);
    for (let round = 0; round < 100; round += 1) limit.claim(ACME);
    expect([limit.claim(GLOBEX), limit.claim(null)]).toEqual([{ leftOut: 0 }, { leftOut: 0 }]);
  });

  it('that were left out for another reason are told of by the next one', () => {
    const limit = refusalLimit(() => 0);
    limit.leaveOut(null);
    limit.leaveOut(ACME);
    limit.leaveOut(ACME);
    expect([limit.claim(ACME), limit.claim(ACME), limit.claim(null)]).toEqual([
      { leftOut: 2 },
      { leftOut: 0 },
      { leftOut: 1 },
    ]);
  });
});
