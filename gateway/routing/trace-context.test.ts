import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { traceContext } from './trace-context.js';

const [TRACE, SPAN] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]$/;

describe('The trace of a request', () => {
  it('is new where its client has none, and no two requests share one', () => {
    const made = Array.from({ length: 1_000 }, () => traceContext(undefined, null));
    expect(new Set(made.map(({ traceId }) => traceId)).size).toBe(1_000);
    expect(new Set(made.map(({ spanId }) => spanId)).size).toBe(1_000);
    for (const { traceparent } of made) expect(traceparent).toMatch(TRACEPARENT);
  });

  it.each([
    [`00-${TRACE}-${SPAN}-01`, '01'],
    [`00-${TRACE}-${SPAN}-00`, '00'],
    [`00-${TRACE}-${SPAN}-03`, '01'],
    [`cc-${TRACE}-${SPAN}-01-what-will-be-the-future-like`, '01'],
  ])('is its client\'s, who stays the parent where nothing is recorded here: "%s"', (header, flags) => {
    expect(traceContext(header, null)).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      parentId: null,
      isRecorded: false,
      traceparent: `00-${TRACE}-${SPAN}-${flags}`,
    });
  });

  it.each([true, false])(
    'goes on with a span of ours, recorded (%s) as we say and not as the client does',
    (samples) => {
      for (const flags of ['00', '01']) {
        const { traceId, spanId, parentId, isRecorded, traceparent } = traceContext(
          `00-${TRACE}-${SPAN}-${flags}`,
          () => samples,
        );
        expect([traceId, parentId, isRecorded]).toEqual([TRACE, SPAN, samples]);
        expect(traceparent).toBe(`00-${TRACE}-${spanId}-${samples ? '01' : '00'}`);
        expect(spanId).not.toBe(SPAN);
      }
    },
  );

  it.each([`ff-${TRACE}-${SPAN}-01`, [`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`]])(
    'is a new one where no header, or more than one, names it as W3C Trace Context wants: %j',
    (header) => {
      expect(traceContext(header, null).traceId).not.toBe(TRACE);
    },
  );

  it('is well-formed whatever was sent', () => {
    fc.assert(
      fc.property(fc.string(), fc.boolean(), (header, samples) => {
        expect(traceContext(header, samples ? () => true : null).traceparent).toMatch(TRACEPARENT);
      }),
    );
  });
});
