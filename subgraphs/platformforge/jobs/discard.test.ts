import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@inevitable/kit';
import { artifactKey, templateKey } from '../domain/kept-files.js';
import { PLATFORMS, reservationKey } from '../domain/quota/quota.js';
import { openUpkeep, type Upkeep, type UpkeepTenant } from '../testing/open-upkeep.js';
import { discard } from './discard.js';

let upkeep: Upkeep;
beforeAll(async () => {
  upkeep = await openUpkeep();
});
afterAll(() => upkeep.close());

let tenants = 0;
const newTenant = () => {
  const name = `tenant ${++tenants}`;
  return { name, ...upkeep.tenant(name) };
};
const run = (payload: object, tenant?: string) => upkeep.run('platformforge.discard', tenant, payload);
const keysOf = async ({ files }: UpkeepTenant) => (await files.list('', null)).map(({ key }) => key);

async function artifact({ files }: UpkeepTenant): Promise<string> {
  const id = newId();
  await files.put(artifactKey(id), Buffer.from('x'));
  return id;
}

/** One that has reserved. */
async function generation({ db, entitlements }: UpkeepTenant, state: string, id = newId()) {
  const reservationId = await entitlements.reserve(PLATFORMS, 1, reservationKey(id));
  const endedAt = state === 'RUNNING' ? null : new Date();
  const data = { id, platformId: newId(), template: 'any', state, reservationId, requestedBy: newId(), endedAt };
  await db.generation.create({ data });
  return { id, reservationId };
}

describe('Discarding', () => {
  it('deletes the files no row names, and keeps those that are named, whatever it was told', async () => {
    const tenant = newTenant();
    const [unnamed, kept, underWay] = [await artifact(tenant), await artifact(tenant), await artifact(tenant)];
    const id = newId();
    const platform = { id, name: id, slug: id, template: 'any', parameters: {}, createdBy: newId(), status: 'READY' };
    const artifactOf = { artifactBytes: 1, artifactSha256: '0'.repeat(64), artifactDeployment: 'internal' };
    await tenant.db.platform.create({
      data: { ...platform, ...artifactOf, generationId: kept, artifactId: kept, expiresAt: new Date() },
    });
    await generation(tenant, 'RUNNING', underWay);
    const [gone, template] = [newId(), newId()];
    for (const one of [gone, template]) await tenant.files.put(templateKey(one), Buffer.from('x'));
    const row = { id: template, name: 'any', manifest: {}, sha256: '0'.repeat(64), sizeBytes: 1, fileCount: 1 };
    await tenant.db.template.create({ data: { ...row, createdBy: newId() } });

    const payload = { artifactIds: [unnamed, kept, underWay, newId()], templateIds: [gone, template, newId()] };
    for (let times = 0; times < 2; times += 1)
      expect(await run(payload, tenant.name)).toMatchObject({ state: 'succeeded', error: null });
    const expected = [artifactKey(kept), artifactKey(underWay), templateKey(template)];
    expect(await keysOf(tenant)).toEqual(expected.toSorted());
  });

  it('gives back what cancelled generations had reserved, and nothing else', async () => {
    const tenant = newTenant();
    const [cancelled, running] = [await generation(tenant, 'CANCELLED'), await generation(tenant, 'RUNNING')];
    const ofNone = await tenant.entitlements.reserve(PLATFORMS, 1, 'of no generation');
    const reservationIds = [cancelled.reservationId, running.reservationId, ofNone, newId()];
    expect(await run({ reservationIds }, tenant.name)).toMatchObject({ state: 'succeeded', error: null });
    const ledger = await tenant.entitlements.reservations(PLATFORMS);
    expect(new Map(ledger.map(({ id, state }) => [id, state]))).toEqual(
      new Map([
        [cancelled.reservationId, 'released'],
        [running.reservationId, 'reserved'],
        [ofNone, 'reserved'],
      ]),
    );
    const settled = await tenant.db.generation.findMany({ where: { settledAt: { not: null } } });
    expect(settled.map(({ id }) => id)).toEqual([cancelled.id]);
  });

  it("touches nothing of another tenant's", async () => {
    const [tenant, other] = [newTenant(), newTenant()];
    const theirs = await artifact(other);
    const { reservationId } = await generation(other, 'CANCELLED');
    await run({ artifactIds: [theirs], reservationIds: [reservationId] }, tenant.name);
    expect(await keysOf(other)).toEqual([artifactKey(theirs)]);
    expect(await other.entitlements.usage(PLATFORMS)).toMatchObject({ held: 1 });
  });

  it('of no tenant is skipped in words, at the first attempt', async () => {
    expect(await run({ artifactIds: [newId()], templateIds: [newId()], reservationIds: [newId()] })).toEqual({
      state: 'succeeded',
      note: 'files and reservations are of a tenant, and it names none',
      error: null,
      log: [],
    });
  });

  it.each(['artifactIds', 'templateIds', 'reservationIds'])('takes %s in one spelling alone', (field) => {
    const id = newId();
    expect(discard.payload.safeParse({ [field]: [id] }).success).toBe(true);
    for (const odd of [id.toUpperCase(), `${id}/x`, '../../x', ''])
      expect(discard.payload.safeParse({ [field]: [id, odd] }).success).toBe(false);
  });
});
