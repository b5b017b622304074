import { describe, expect, it } from '@jest/globals';
import type { Entitlements, TenantId, TenantSeen } from '@inevitable/contract';
import { entitlementsWith } from '../test-support/protected-supergraph.js';
import { tenantEntitlements } from './tenant-entitlements.js';

const tenant = (entitlementsDigest: string, id = 'acme'): TenantSeen => ({
  id: id as TenantId,
  plan: 'free',
  entitlementsDigest,
});

/** Identity as it stands at `digest`; fails while it is null. */
function testIdentity(digest: string | null = 'd1') {
  const identity = {
    digest,
    asked: 0,
    now: 0,
    describe: (): Promise<Entitlements> => {
      identity.asked++;
      if (identity.digest === null) throw new Error('Identity is down.');
      return Promise.resolve(entitlementsWith({}, identity.digest));
    },
  };
  return { identity, entitlementsOf: tenantEntitlements(identity, () => identity.now) };
}

describe('The entitlements of a tenant', () => {
  it('are asked for once, and then known without waiting', async () => {
    const { identity, entitlementsOf } = testIdentity();
    const found = await entitlementsOf(tenant('d1'));
    identity.now += 365 * 86_400_000;
    expect(entitlementsOf(tenant('d1'))).toBe(found);
    expect(identity.asked).toBe(1);
  });

  it('are asked for once by everybody who wants them at once', async () => {
    const { identity, entitlementsOf } = testIdentity();
    await Promise.all([entitlementsOf(tenant('d1')), entitlementsOf(tenant('d1')), entitlementsOf(tenant('d1'))]);
    expect(identity.asked).toBe(1);
  });

  it('are those of the new plan with the first token that was issued under it', async () => {
    const { identity, entitlementsOf } = testIdentity();
    await entitlementsOf(tenant('d1'));
    identity.digest = 'd2';
    expect(await entitlementsOf(tenant('d2'))).toMatchObject({ digest: 'd2' });
  });

  it('are another tenant’s own', async () => {
    const { identity, entitlementsOf } = testIdentity();
    await entitlementsOf(tenant('d1', 'acme'));
    await entitlementsOf(tenant('d1', 'globex'));
    expect(identity.asked).toBe(2);
  });

  it('are asked for again after 5 seconds while token and identity disagree', async () => {
    const { identity, entitlementsOf } = testIdentity();
    expect(await entitlementsOf(tenant('d2'))).toMatchObject({ digest: 'd1' });
    identity.digest = 'd2';
    identity.now += 4_999;
    expect(entitlementsOf(tenant('d2'))).toMatchObject({ digest: 'd1' });
    identity.now += 1;
    expect(await entitlementsOf(tenant('d2'))).toMatchObject({ digest: 'd2' });
    identity.now += 5_000;
    expect(entitlementsOf(tenant('d2'))).toMatchObject({ digest: 'd2' });
    expect(identity.asked).toBe(2);
  });

  it('are asked for again after a failure', async () => {
    const { identity, entitlementsOf } = testIdentity(null);
    await expect(entitlementsOf(tenant('d1'))).rejects.toThrow('Identity is down.');
    identity.digest = 'd1';
    expect(await entitlementsOf(tenant('d1'))).toMatchObject({ digest: 'd1' });
  });
});
