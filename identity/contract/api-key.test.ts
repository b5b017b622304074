import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { API_KEY_LENGTH, newApiKeySecret, parseApiKey, printApiKey, type ApiKeyParts } from './api-key.js';
import type { ApiKeyId } from './ids.js';

const anyKey: fc.Arbitrary<ApiKeyParts> = fc.record({
  deployment: fc.constantFrom('internal' as const, 'customer' as const),
  id: fc.uuid().map((id) => id as ApiKeyId),
  secret: fc.nat().map(() => newApiKeySecret()),
});

describe('An API key', () => {
  it('names its environment, its id and a checksum around its secret', () => {
    const id = '01900000-0000-7000-8000-00000000abcd' as ApiKeyId;
    const secret = 'A'.repeat(43);
    const printed = `ick_live_0190000000007000800000000000abcd_${secret}_`;
    expect(printApiKey({ deployment: 'customer', id, secret })).toBe(`${printed}45d52ce6`);
    expect(printApiKey({ deployment: 'internal', id, secret })).toMatch(/^ick_test_/);
  });

  it('is read as it was printed', () => {
    fc.assert(
      fc.property(anyKey, (parts) => {
        const printed = printApiKey(parts);
        expect(printed).toHaveLength(API_KEY_LENGTH);
        expect(parseApiKey(printed)).toEqual(parts);
      }),
    );
  });

  it('with any one character changed, added, left out or swapped with its neighbour is none', () => {
    const character = fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-.é ');
    fc.assert(
      fc.property(anyKey, fc.nat({ max: API_KEY_LENGTH - 1 }), character, (parts, at, other) => {
        const printed = printApiKey(parts);
        const [before, own, after] = [printed.slice(0, at), printed[at]!, printed.slice(at + 1)];
        const changed = [before + other + after, before + other + own + after, before + after];
        if (after) changed.push(before + after[0]! + own + after.slice(1));
        for (const text of changed) if (text !== printed) expect(parseApiKey(text)).toBeNull();
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(['', 'ick_', 'ick_live', 'a.b.c', `ick_prod_${'0'.repeat(32)}_${'A'.repeat(43)}_00000000`])(
    '%j is none',
    (text) => expect(parseApiKey(text)).toBeNull(),
  );

  it('has a secret of its own', () => {
    const secrets = Array.from({ length: 1_000 }, newApiKeySecret);
    expect(new Set(secrets).size).toBe(1_000);
    for (const secret of secrets) expect(secret).toMatch(/^[0-9A-Za-z]{43}$/);
    expect(
      parseApiKey(printApiKey({ deployment: 'internal', id: randomUUID() as ApiKeyId, secret: secrets[0]! })),
    ).toEqual(expect.objectContaining({ secret: secrets[0] }));
  });
});
