import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { copyOf } from './copy-of.js';

describe('A copy', () => {
  it('has the same JSON, and no list or object of the original', () => {
    const objectsIn = (value: unknown): unknown[] =>
      typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(objectsIn)] : [];
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = copyOf(value);
        const own = new Set(objectsIn(value));
        expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
        expect(objectsIn(copy).filter((one) => own.has(one))).toEqual([]);
      }),
    );
  });

  it('leaves what is not plain as it is: it belongs to whoever made it', () => {
    class Money {
      readonly cents = 5;
    }
    const given = [new Date(0), new Money(), { toJSON: () => 'x' }, new Map(), 5n, Symbol.iterator, undefined];
    const copy = copyOf(given) as unknown[];
    expect(copy).not.toBe(given);
    given.forEach((one, at) => expect(copy[at]).toBe(one));
  });

  it('takes "__proto__" for a name like any other', () => {
    const text = '{"__proto__":{"a":1}}';
    expect(JSON.stringify(copyOf(JSON.parse(text)))).toBe(text);
  });
});
