import { BlockList, isIP, isIPv4, SocketAddress } from 'node:net';

const MAPPED = '::ffff:';
/** Of an IPv4 address within the mapped ones (RFC 4291, section 2.5.5.2). */
const MAPPED_BITS = 96;

/** The one spelling of an IP address: an IPv4-mapped one as IPv4, without a zone. null: it is no address. */
export function canonicalAddress(text: string): string | null {
  const version = isIP(text);
  if (version !== 6) return version === 4 ? text : null;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  const mapped = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : '';
  return isIPv4(mapped) ? mapped : address;
}

/** The one spelling of an IP address, or of a range of them in CIDR notation (RFC 4632, section 3.1). null: it is neither. */
export function canonicalRange(text: string): string | null {
  const slash = text.indexOf('/');
  if (slash < 0) return text.includes('%') ? null : canonicalAddress(text);
  const [network, digits] = [text.slice(0, slash), text.slice(slash + 1)];
  const address = network.includes('%') ? null : canonicalAddress(network);
  if (address === null || !/^(0|[1-9]\d{0,2})$/.test(digits)) return null;
  const given = Number(digits);
  if (given > (isIPv4(network) ? 32 : 128)) return null;
  if (!isIPv4(address) || isIPv4(network)) return `${address}/${given}`;
  // Wider than all of IPv4, it is a range of IPv6.
  return given >= MAPPED_BITS ? `${address}/${given - MAPPED_BITS}` : `${MAPPED}${address}/${given}`;
}

/** Answers whether an address is in any of `ranges`. Throws for one that `canonicalRange` answers with null. */
export function withinRanges(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const canonical = canonicalRange(range);
    if (canonical === null) throw new Error(`"${range}" is no IP address and no range of them.`);
    const [network = '', bits] = canonical.split('/');
    const family = isIPv4(network) ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(network, family);
    else list.addSubnet(network, Number(bits), family);
  }
  return (address) => {
    const canonical = canonicalAddress(address);
    return canonical !== null && list.check(canonical, isIPv4(canonical) ? 'ipv4' : 'ipv6');
  };
}
