import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readTraceparent, writeTraceparent } from './traceparent.js';

const [TRACE, SPAN] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];

describe('A traceparent', () => {
  it.each([
    [`00-${TRACE}-${SPAN}-00`, false],
    [`00-${TRACE}-${SPAN}-03`, true],
    [`cc-${TRACE}-${SPAN}-01-what-will-be-the-future-like`, true],
  ])('is read, and written as version 00: "%s"', (text, isSampled) => {
    expect(readTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled });
    expect(writeTraceparent(readTraceparent(text)!)).toBe(`00-${TRACE}-${SPAN}-${isSampled ? '01' : '00'}`);
  });

  it.each([
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    '',
    null,
    undefined,
  ])('names no trace where it is not one of W3C Trace Context: "%s"', (text) => {
    expect(readTraceparent(text)).toBeNull();
  });

  it('is what was written, for every trace', () => {
    const hex = (length: number) =>
      fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((id) => !/^0+$/.test(id));
    fc.assert(
      fc.property(fc.record({ traceId: hex(32), spanId: hex(16), isSampled: fc.boolean() }), (written) => {
        expect(readTraceparent(writeTraceparent(written))).toEqual(written);
      }),
    );
  });
});
