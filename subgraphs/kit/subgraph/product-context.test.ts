import { describe, expect, it } from '@jest/globals';
import { parseTenantId } from '@inevitable/contract';
import { newId } from '../graph/new-id.js';
import { testEntitlements } from '../testing/test-entitlements.js';
import { tenantEntitlements } from './product-context.js';

const features = { 'forge.platforms': { pro: { kind: 'metered', limit: 2, per: 'month' } } } as const;

describe("A tenant's entitlements", () => {
  it('tell what is used and held of its own, and every reservation', async () => {
    const port = testEntitlements({ features });
    const [ours, theirs] = [parseTenantId(newId()), parseTenantId(newId())];
    const entitlements = tenantEntitlements(ours, port);
    await tenantEntitlements(theirs, port).reserve('forge.platforms', 2, 'theirs');

    const first = await entitlements.reserve('forge.platforms', 1, 'first');
    const second = await entitlements.reserve('forge.platforms', 1, 'second');
    await entitlements.commit(first, 1);
    expect(await entitlements.usage('forge.platforms')).toMatchObject({ used: 1, held: 1, limit: 2 });
    expect(await entitlements.usage('forge.unknown')).toBeNull();
    await expect(entitlements.reserve('forge.platforms', 1, 'third')).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      details: { feature: 'forge.platforms', limit: 2, resetsAt: expect.stringMatching(/-01T00:00:00.000Z$/) },
    });

    const ledger = [
      { id: first, state: 'committed', actual: 1, idempotencyKey: 'first' },
      { id: second, state: 'reserved', actual: null, idempotencyKey: 'second' },
    ].sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(await entitlements.reservations('forge.platforms')).toMatchObject(ledger);
    expect(await entitlements.reservations('forge.platforms', { state: 'reserved' })).toMatchObject([{ id: second }]);
    expect(await entitlements.reservations('forge.platforms', { ids: [first] })).toMatchObject([{ id: first }]);
    expect(await entitlements.reservations('forge.platforms', { after: ledger[0]!.id })).toMatchObject([ledger[1]!]);
  });

  it('are refused to whoever has no tenant', async () => {
    const nobody = tenantEntitlements(null, testEntitlements({ features }));
    const asks = [
      () => nobody.usage('forge.platforms'),
      () => nobody.reservations('forge.platforms'),
      () => nobody.reserve('forge.platforms', 1, 'key'),
    ];
    for (const ask of asks) await expect(ask()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});
