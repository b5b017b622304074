import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nestsTooDeeply } from './json-depth.js';

const nested = (depth: number, innermost = '1') => `${'[{"a":'.repeat(depth / 2)}${innermost}${'}]'.repeat(depth / 2)}`;

describe('JSON', () => {
  it('may nest 200 levels, and not one more', () => {
    expect(nestsTooDeeply(nested(200))).toBe(false);
    expect(nestsTooDeeply(nested(200, '[]'))).toBe(true);
    expect(nestsTooDeeply(`[${nested(198)},${nested(198)}]`)).toBe(false);
    expect(nestsTooDeeply('['.repeat(1_000_000))).toBe(true);
  });

  it('may hold any text, which is not looked into', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('[', '{', '"', '\\', ']', 'a'), maxLength: 60 }), (text) => {
        const value = Array.from({ length: 40 }, () => ({ [text]: [text, `${text}${'['.repeat(300)}`] }));
        expect(nestsTooDeeply(JSON.stringify(value))).toBe(false);
        expect(nestsTooDeeply(JSON.stringify(value) + nested(202))).toBe(true);
      }),
    );
  });
});
