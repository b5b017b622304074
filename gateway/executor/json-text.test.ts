import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jsonText, quoted } from './json-text.js';

/** What has to be escaped, and what lies beside it. */
const awkward = fc.constantFrom(
  ...'"\\/\b\f\n\r\t\u0000\u001f\u0020\u007f\u0080\u2028\u2029\ud7ff\ud800\udbff\udc00\udfff\ue000\ufeff\uffff',
  '\ud83d\ude00',
);
const anyText = fc.oneof(
  fc.string({
    unit: fc.oneof(
      awkward,
      fc.nat({ max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    ),
    maxLength: 60,
  }),
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.string({ maxLength: 100 }),
);

describe('JSON that is written by hand', () => {
  it('quotes every string as JSON.stringify does, lone surrogates too', () => {
    fc.assert(
      fc.property(anyText, (text) => expect(quoted(text)).toBe(JSON.stringify(text))),
      { numRuns: 5_000 },
    );
    for (let unit = 0; unit <= 0xffff; unit++) {
      const text = String.fromCharCode(unit);
      if (quoted(text) !== JSON.stringify(text)) expect(quoted(text)).toBe(JSON.stringify(text));
    }
  });

  it('writes every value as JSON.stringify does', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(jsonText(value)).toBe(JSON.stringify(value))));
  });

  it.each([[undefined], [() => 1], [Symbol('x')], [NaN], [Infinity]])(
    'writes null for %p, which JSON has no form for',
    (value) => {
      expect(jsonText(value)).toBe('null');
    },
  );
});
