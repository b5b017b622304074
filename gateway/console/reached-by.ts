import { isIP } from 'node:net';

/**
 * Whether a `Host` header (RFC 9110, 7.2) says that the page was reached as it is meant to be: by an address, by a name of
 * this machine (RFC 6761, 6.3), or by one of `names`. A browser sends another name where a foreign site had its own name
 * lead here (DNS rebinding), and takes what it reads for that site's.
 */
export function isReachedBy(host: string | undefined, names: readonly string[]): boolean {
  if (host === undefined || !URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  const name = hostname.replace(/\.$/, '');
  return (
    isIP(name.replace(/^\[|\]$/g, '')) > 0 ||
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    names.some((one) => one.toLowerCase() === name)
  );
}
