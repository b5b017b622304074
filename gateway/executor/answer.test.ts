import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { answerResult, answerText, type Answer } from './answer.js';
import { ByteText } from './byte-text.js';

const answer = (given: Partial<Answer>): Answer => ({
  data: null,
  passedThrough: true,
  objects: 0,
  errors: [],
  extensions: null,
  ...given,
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom('x'.repeat(4_080), 'é'.repeat(2_500)),
);

describe('Extensions of an answer that is passed through', () => {
  it('are put behind its bytes, which stay as they are, whatever both say and however large they are', () => {
    fc.assert(
      fc.property(anyText, anyText, fc.constantFrom('', '\n', ' '), fc.boolean(), (said, added, space, asBytes) => {
        const whole = `{"data":{"a":${JSON.stringify(said)}}}${space}`;
        const data = asBytes ? Buffer.from(whole) : whole;
        const extensions = ['"one"', JSON.stringify(added), '"two"', '2'];
        const text = answerText(answer({ data, extensions }));
        const sent = text instanceof ByteText ? text.bytes() : Buffer.from(text);
        expect(JSON.parse(sent.toString())).toEqual({ data: { a: said }, extensions: { one: added, two: 2 } });
        expect(String(text)).toBe(sent.toString());
        expect(text.length).toBe(typeof text === 'string' ? text.length : sent.length);
        expect(answerResult(answer({ data, extensions }))).toEqual(JSON.parse(sent.toString()));
      }),
      { numRuns: 300 },
    );
  });

  it('leave bytes alone where there are none', () => {
    const data = Buffer.from('{"data":{}}');
    expect(answerText(answer({ data }))).toBe(data);
  });
});
