import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { storableText } from './storable-text.js';

describe('A text that goes into the job store', () => {
  it('has no NUL and no half surrogate pair, whatever a handler threw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('\0', '\ud800', '\udc00', ''), (text, odd) => {
        const stored = storableText(text + odd + text);
        expect(stored).not.toContain('\0');
        expect(stored.isWellFormed()).toBe(true);
      }),
    );
  });

  it('stays as it is where nothing is wrong with it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.includes('\0') && text.isWellFormed());
        expect(storableText(text)).toBe(text);
      }),
    );
  });

  it('ends after 10,000 characters, also where that would cut a pair in two', () => {
    expect(storableText('a'.repeat(9_999) + '😀')).toBe('a'.repeat(9_999) + '�');
  });
});
