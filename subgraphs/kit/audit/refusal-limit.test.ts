import { describe, expect, it } from '@jest/globals';
import type { TenantId } from '@inevitable/contract';
import { refusalLimit } from './refusal-limit.js';

const [ACME, GLOBEX] = ['acme', 'globex'] as [TenantId, TenantId];

describe('Refusals of one tenant', () => {
  it('are recorded 60 times a minute, and the next one says how many were left out since', () => {
    let now = 0;
    const mayRecord = refusalLimit(() => now);
    const seen = Array.from({ length: 100 }, () => mayRecord(ACME));
    expect(seen).toEqual([...Array<object>(60).fill({ leftOut: 0 }), ...Array<null>(40).fill(null)]);
    now = 59_999;
    expect(mayRecord(ACME)).toBeNull();
    now = 60_000;
    expect([mayRecord(ACME), mayRecord(ACME)]).toEqual([{ leftOut: 41 }, { leftOut: 0 }]);
  });

  it('leave out none of another tenant', () => {
    const mayRecord = refusalLimit(() => 0);
    for (let round = 0; round < 100; round += 1) mayRecord(ACME);
    expect(mayRecord(GLOBEX)).toEqual({ leftOut: 0 });
  });
});
