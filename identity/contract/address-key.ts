import { canonicalAddress } from './ip-ranges.js';

const GROUPS = 8;
/** What one customer of a provider gets at least (RFC 6177): all of its addresses are one caller's. */
const NETWORK_GROUPS = 4;

/**
 * What is counted of a client's address: IPv4 whole, also mapped into IPv6, and of IPv6 the network of 64 bits. All clients
 * whose address is not known (null) are one.
 */
export function addressKey(address: string | null): string {
  if (address === null) return 'unknown';
  const canonical = canonicalAddress(address) ?? address;
  if (!canonical.includes(':')) return canonical;
  const [head = '', tail] = canonical.split('::');
  const before = head.split(':').filter(Boolean);
  const after = (tail ?? '').split(':').filter(Boolean);
  const zeros = Array.from({ length: Math.max(0, GROUPS - before.length - after.length) }, () => '0');
  return `${[...before, ...zeros, ...after].slice(0, NETWORK_GROUPS).join(':')}::/64`;
}
