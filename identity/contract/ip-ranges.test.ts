import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalAddress, canonicalRange, withinRanges } from './ip-ranges.js';

describe('An IP address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0::1', '2001:db8::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('%s is spelled %s', (given, canonical) => expect(canonicalAddress(given)).toBe(canonical));

  it.each(['', '192.0.2', '192.0.2.256', '192.0.2.01', 'localhost', ' 192.0.2.1', '192.0.2.1:80', '[::1]', '::g'])(
    '%j is none',
    (given) => expect(canonicalAddress(given)).toBeNull(),
  );

  it('has one spelling, whatever it is given in', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const canonical = canonicalAddress(address)!;
        expect(canonicalAddress(canonical)).toBe(canonical);
        expect(canonicalAddress(address.toUpperCase())).toBe(canonical);
        expect(withinRanges([canonical])(address)).toBe(true);
      }),
    );
  });
});

describe('A range of IP addresses', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
  ])('%s is spelled %s', (given, canonical) => expect(canonicalRange(given)).toBe(canonical));

  it.each(['', '/8', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/-1', '::/129', '10/8', 'a/8', 'fe80::%1/64'])(
    '%j is none',
    (given) => {
      expect(canonicalRange(given)).toBeNull();
      expect(() => withinRanges([given])).toThrow();
    },
  );

  it.each([
    [['10.0.0.0/8'], '10.255.0.1', true],
    [['10.0.0.0/8'], '::ffff:10.255.0.1', true],
    [['10.0.0.0/8'], '11.0.0.1', false],
    [['10.1.2.3/8'], '10.9.9.9', true],
    [['192.0.2.7', '2001:db8::/32'], '2001:db8:ffff::1', true],
    [['192.0.2.7', '2001:db8::/32'], '192.0.2.8', false],
    [['0.0.0.0/0'], '2001:db8::1', false],
    [[], '10.0.0.1', false],
    [['0.0.0.0/0'], 'nonsense', false],
  ])('%j with %s in it: %s', (ranges, address, isWithin) => expect(withinRanges(ranges)(address)).toBe(isWithin));
});
