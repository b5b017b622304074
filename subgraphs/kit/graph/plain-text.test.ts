import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { plainText } from './plain-text.js';

const faultOf = (schema: ReturnType<typeof plainText>, text: string): string | null =>
  schema.safeParse(text).error?.issues[0]?.message ?? null;

const text = plainText({ min: 1, max: 10 });
const line = plainText({ min: 1, max: 10, singleLine: true });

describe('Text', () => {
  it('loses the white space around it, and is counted in characters', () => {
    expect(text.parse('  two\nlines ')).toBe('two\nlines');
    expect(text.parse('☃😀'.repeat(5))).toHaveLength(15);
    expect(faultOf(text, '😀'.repeat(11))).toBe('must have 1 to 10 characters');
    expect(faultOf(text, ' \n ')).toBe('must have 1 to 10 characters');
  });

  it('is what PostgreSQL holds', () => {
    expect(faultOf(text, 'a\0b')).toBe('must not contain the NUL character');
    expect(faultOf(text, 'a\ud800')).toBe('must be well-formed Unicode');
  });
});

describe('Text of a single line', () => {
  it.each(['Shop', 'Ünïcode ☃', 'مرحبا', 'שלום', 'می‌خواهم', '👩‍👩‍👧‍👦', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', 'e\u0301'])('may be %s', (name) => {
    expect(line.parse(name)).toBe(name);
  });

  it.each([
    ['a line break', 'a\nb'],
    ['a carriage return', 'a\rb'],
    ['a tab', 'a\tb'],
    ['a bell', 'a\u0007'],
    ['an escape', '\u001b[2J'],
    ['a C1 control', 'a\u009b'],
    ['a line separator', 'a\u2028b'],
    ['a paragraph separator', 'a\u2029b'],
    ['a right-to-left override', 'a\u202egpj.exe'],
    ['an embedding', 'a\u202ab'],
    ['an isolate', 'a\u2067b'],
  ])('has no %s', (_what, name) => {
    expect(faultOf(line, name)).toBe(
      'must be one line, without control characters and without marks that turn its direction',
    );
  });

  it.each([
    ['zero-width spaces', '\u200b\u200b'],
    ['joiners', '\u200d\u2060'],
    ['a soft hyphen', '\u00ad'],
    ['a Hangul filler', '\u3164'],
    ['a Braille blank', '\u2800'],
    ['variation selectors', '\ufe0f\u{e0100}'],
    ['marks of direction', '\u200e\u200f'],
  ])('is not %s alone', (_what, name) => {
    expect(faultOf(line, name)).toBe('must have characters that can be seen');
  });

  it('is seen as it is stored, whatever it was', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), (given) => {
        const parsed = line.safeParse(given);
        if (!parsed.success) return;
        expect(parsed.data).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
        expect(parsed.data).toMatch(/[^\p{Z}\p{C}]|\p{Co}/u);
        expect(line.parse(parsed.data)).toBe(parsed.data);
        expect(text.parse(given)).toBe(parsed.data);
      }),
    );
  });
});
