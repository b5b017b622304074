import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from './canonical-json.js';

/** Keys in another order, and white space wherever it may be. */
function rewritten(value: unknown): string {
  if (Array.isArray(value)) return `[ ${value.map(rewritten).join(' ,\n')} ]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}\n\t : ${rewritten(member)}`);
  return `{ ${members.reverse().join(' , ')}\n}`;
}

describe('Canonical JSON', () => {
  it('is the same however the same JSON is written, and says the same', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const canonical = canonicalJson(JSON.stringify(value));
        expect(canonicalJson(rewritten(value))).toBe(canonical);
        expect(canonicalJson(canonical)).toBe(canonical);
        expect(JSON.parse(canonical)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { examples: [[{ '": ': false }]] },
    );
  });

  it.each([
    ['100', '1e2', '1.00e+2', '10E1'],
    ['0', '-0', '0.000', '0e9'],
    ['-0.05', '-5e-2', '-0.0500'],
    ['12345678901234567890.5', '123456789012345678905e-1'],
    ['{"b":1,"a":[true,null]}', ' { "a" : [ true , null ] , "b" : 1.0 } '],
    ['{"a":2}', '{"a":1,"a":2}'],
    ['"\\u00e9\\/"', '"é/"'],
    ['{"__proto__":{"a":1}}', '{"__proto__":{"a":10e-1}}'],
  ])('is the same for what is the same: %s', (...texts) => {
    expect(new Set(texts.map(canonicalJson)).size).toBe(1);
  });

  it.each([
    ['12345678901234567890', '12345678901234567891'],
    ['1e400', '1e401'],
    ['"1"', '1'],
    ['[1,2]', '[2,1]'],
    ['[[]]', '[]'],
    ['{"a":{}}', '{"a":[]}'],
    ['{"__proto__":1}', '{}'],
    ['["a,b"]', '["a","b"]'],
  ])('differs for what differs: %s and %s', (one, other) => {
    expect(canonicalJson(one)).not.toBe(canonicalJson(other));
  });

  it('has no bound of depth', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(canonicalJson(deep)).toHaveLength(200_000);
  });
});
