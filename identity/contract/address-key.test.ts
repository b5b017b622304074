import { describe, expect, it } from '@jest/globals';
import { addressKey } from './address-key.js';

describe('The address of a client', () => {
  it('is counted whole in IPv4, also where it is mapped into IPv6', () => {
    expect(addressKey('203.0.113.7')).toBe('203.0.113.7');
    expect(addressKey('::ffff:203.0.113.7')).toBe('203.0.113.7');
    expect(addressKey('::FFFF:cb00:7107')).toBe('203.0.113.7');
    expect(addressKey('203.0.113.8')).not.toBe(addressKey('203.0.113.7'));
  });

  it.each(['2001:db8:1:2::', '2001:db8:1:2::7', '2001:0DB8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2:0:0:0:1%eth0'])(
    '%s is counted as its network of 64 bits',
    (address) => {
      expect(addressKey(address)).toBe('2001:db8:1:2::/64');
    },
  );

  it('of another network of 64 bits is counted apart', () => {
    expect(addressKey('2001:db8:1:3::7')).toBe('2001:db8:1:3::/64');
    expect(addressKey('2001:db8::7')).toBe('2001:db8:0:0::/64');
    expect(addressKey('::1')).toBe('0:0:0:0::/64');
  });
});
