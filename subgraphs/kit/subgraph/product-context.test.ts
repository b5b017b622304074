import { describe, expect, it } from '@jest/globals';
import { anonymousContext, parseTenantId } from '@inevitable/contract';
import { pino } from 'pino';
import { newId } from '../graph/new-id.js';
import { testEntitlements } from '../testing/test-entitlements.js';
import { productContext, tenantEntitlements } from './product-context.js';

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

describe('Contexts of a product', () => {
  const contextAt = (publicUrl: string) =>
    productContext(
      anonymousContext({
        requestId: 'r1',
        trace: null,
        deadline: 1,
        signal: new AbortController().signal,
        deployment: 'internal',
      }),
      {
        product: 'forge',
        database: null,
        publicUrl: () => publicUrl,
        entitlements: testEntitlements({ features }),
        events: null,
        tellDenials: () => () => undefined,
        log: pino({ level: 'silent' }),
      } as Parameters<typeof productContext>[1],
    );

  it('have one prototype: getters of their own each time kept what they held in memory', () => {
    const [one, other] = [contextAt('https://one.test'), contextAt('https://other.test')];
    expect(Object.getPrototypeOf(one)).toBe(Object.getPrototypeOf(other));
  });

  it('lend each what is its own, and to copies of it as well', () => {
    const [one, other] = [contextAt('https://one.test'), contextAt('https://other.test')];
    const copyOf = (context: object) => Object.assign(Object.create(Object.getPrototypeOf(context) as object), context);
    expect([one, other, copyOf(one), copyOf(other)].map(({ publicUrl }) => publicUrl as string)).toEqual([
      'https://one.test',
      'https://other.test',
      'https://one.test',
      'https://other.test',
    ]);
    for (const context of [one, copyOf(one)]) {
      expect(() => context.db as unknown).toThrow('This subgraph declares no database.');
      expect(() => context.reading as unknown).toThrow('This subgraph declares no database.');
      expect(() => context.files as unknown).toThrow('file store');
    }
  });
});
