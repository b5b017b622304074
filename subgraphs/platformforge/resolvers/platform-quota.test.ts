import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testEntitlements, testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import { PLATFORMS } from '../domain/quota/quota.js';
import platformForge from '../subgraph.js';

/** Of this tenant the plan meters nothing. */
const UNMETERED = 'unmetered';
let product: TestSubgraph;
beforeAll(async () => {
  const entitlements = testEntitlements({
    features: { [PLATFORMS]: { pro: { kind: 'metered', limit: 5, per: 'month' } } },
    planOf: (tenantId) => (tenantId === idOf(UNMETERED) ? 'other' : 'pro'),
  });
  product = await testSubgraph(platformForge, { entitlements });
  // The middle of a month: minutes or hours more cross no reset.
  const now = new Date();
  const nextMonth = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 10);
  await product.clock.advance({ seconds: Math.round((nextMonth - now.getTime()) / 1_000) });
});
afterAll(() => product.close());

const idOf = (tenant: string) => product.as({ tenant }).context.tenant!.id;
const QUOTA = `query ($id: ID!) { _entities(representations: [{ __typename: "Tenant", id: $id }]) {
  ... on Tenant { platformQuota { used limit resetsAt } } } }`;

async function ask(tenant: string, id: string = idOf(tenant), may?: readonly string[]) {
  const { data, errors } = await product.as({ tenant, ...(may && { may }) }).query(QUOTA, { id });
  const [entity] = JSON.parse(JSON.stringify(data?.['_entities'] ?? [null]));
  return { quota: entity?.platformQuota, errors };
}

describe('The quota of platforms', () => {
  it('counts what is generated and what is being generated, in the period that runs', async () => {
    const tenantId = idOf('acme');
    const reserve = (idempotencyKey: string) =>
      product.entitlements.reserve({ tenantId, feature: PLATFORMS, amount: 1, idempotencyKey });
    const resetsAt = expect.stringMatching(/^\d{4}-\d\d-01T00:00:00\.000Z$/);
    expect(await ask('acme')).toEqual({ quota: { used: 0, limit: 5, resetsAt } });
    const [made] = [await reserve('made'), await reserve('being made'), await reserve('given back')];
    await product.entitlements.commit(tenantId, (made as { reservationId: string }).reservationId, 1);
    expect(await ask('acme')).toEqual({ quota: { used: 3, limit: 5, resetsAt } });
    await product.clock.advance({ seconds: 16 * 60 }); // what nobody settled is given back
    expect(await ask('acme')).toEqual({ quota: { used: 1, limit: 5, resetsAt } });
    expect(await ask('globex')).toEqual({ quota: { used: 0, limit: 5, resetsAt } });
  });

  it('is the caller’s own: another tenant object shows nothing, nor does a plan without it', async () => {
    expect(await ask('acme', idOf('globex'))).toEqual({ quota: null });
    expect(await ask(UNMETERED)).toEqual({ quota: null });
  });

  it('needs the permission to read platforms', async () => {
    const { errors } = await ask('acme', idOf('acme'), ['platformforge:settings:read']);
    expect(errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN' });
  });
});
