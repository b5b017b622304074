import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { camelCase, kebabCase, pascalCase, safeJson, snakeCase } from './text-filters.js';

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());

describe('The case filters', () => {
  it.each([
    ['invoice line', 'invoiceLine', 'InvoiceLine', 'invoice_line', 'invoice-line'],
    ['InvoiceLine', 'invoiceLine', 'InvoiceLine', 'invoice_line', 'invoice-line'],
    ['Café & Søn 2', 'cafeAndSon2', 'CafeAndSon2', 'cafe_and_son_2', 'cafe-and-son-2'],
    ['3 shops', '_3Shops', '_3Shops', '_3_shops', '3-shops'],
    ['"; drop */ `${x}`', 'dropX', 'DropX', 'drop_x', 'drop-x'],
    ['🎉', 'unnamed', 'Unnamed', 'unnamed', 'unnamed'],
    ['', 'unnamed', 'Unnamed', 'unnamed', 'unnamed'],
  ])('of %j are %s, %s, %s and %s', (text, camel, pascal, snake, kebab) => {
    expect([camelCase(text), pascalCase(text), snakeCase(text), kebabCase(text)]).toEqual([
      camel,
      pascal,
      snake,
      kebab,
    ]);
  });

  it('make names that programs can use of anything', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const change of [camelCase, pascalCase, snakeCase])
          expect(change(text)).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
        expect(kebabCase(text)).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('The filter json', () => {
  it('is read back as it was, and ends no script, comment or line of a program', () => {
    const hostile = fc.oneof(anyText, fc.constantFrom('</script><!--', '*/ x', '\u2028', '"\\', '\0', '\ud800'));
    fc.assert(
      fc.property(fc.oneof(hostile, fc.array(hostile), fc.jsonValue()), fc.nat(10), (value, indentation) => {
        const json = safeJson(value, indentation);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(json).not.toMatch(/<|\*\/|[\u2028\u2029\0]/);
      }),
      { numRuns: 1_000 },
    );
  });

  it('of nothing is null', () => {
    expect(safeJson(undefined, 0)).toBe('null');
  });
});
