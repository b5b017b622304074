import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import platformForge from '../subgraph.js';

let product: TestSubgraph;
beforeAll(async () => {
  product = await testSubgraph(platformForge);
});
afterAll(() => product.close());

const READ = '{ platformSettings { keepDays } }';
const CHANGE = 'mutation ($input: UpdatePlatformSettingsInput!) { updatePlatformSettings(input: $input) { keepDays } }';
const as = (tenant: string, ...may: string[]) => product.as({ tenant, ...(may.length && { may }) });
const change = (tenant: string, input: object, ...may: string[]) => as(tenant, ...may).query(CHANGE, { input });

describe('How platforms are kept', () => {
  it('is for 30 days where a tenant said nothing, and else as it said last', async () => {
    expect(await as('acme').query(READ)).toEqual({ data: { platformSettings: { keepDays: 30 } } });
    for (const keepDays of [1, 3_650]) {
      expect(await change('acme', { keepDays })).toEqual({ data: { updatePlatformSettings: { keepDays } } });
      expect(await as('acme').query(READ)).toEqual({ data: { platformSettings: { keepDays } } });
    }
    expect(await as('globex').query(READ)).toEqual({ data: { platformSettings: { keepDays: 30 } } });
  });

  it('stays as it is where a change leaves it out', async () => {
    await change('left', { keepDays: 7 });
    for (const input of [{}, { keepDays: null }])
      expect(await change('left', input)).toEqual({ data: { updatePlatformSettings: { keepDays: 7 } } });
  });

  it('is what one of two said, when they say it for the first time at once', async () => {
    const answers = await Promise.all([10, 20, 30, 40].map((keepDays) => change('racing', { keepDays })));
    expect(answers.map(({ errors }) => errors)).toEqual([undefined, undefined, undefined, undefined]);
    const { data } = await as('racing').query(READ);
    expect([10, 20, 30, 40]).toContain((data!['platformSettings'] as { keepDays: number }).keepDays);
  });

  it.each([0, -1, 3_651, 2_147_483_647])('is never for %i days', async (keepDays) => {
    const { data, errors } = await change('acme', { keepDays });
    expect(data).toEqual({ updatePlatformSettings: null });
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'input.keepDays' });
  });

  it('needs the permission to read, and the administrator’s to change', async () => {
    const forbidden = [expect.objectContaining({ extensions: { code: 'FORBIDDEN' } })];
    expect((await as('acme', 'platformforge:platforms:read').query(READ)).errors).toEqual(forbidden);
    expect((await change('acme', { keepDays: 5 }, 'platformforge:settings:read')).errors).toEqual(forbidden);
    expect((await product.anonymous().query(READ)).errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED' });
  });
});
