import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { withinRanges } from '@inevitable/contract';

/** What the client asked, before any proxy of ours. */
export interface RequestOrigin {
  readonly scheme: 'http' | 'https';
  /** As it was named, with its port; null: nothing that is a host, or two of them (RFC 9112, section 3.2). */
  readonly host: string | null;
}

export type ReadOrigin = (request: IncomingMessage) => RequestOrigin;

/** A name or address with an optional port (RFC 9110, section 7.2). */
const HOST = /^[\w.:[\]-]+$/;

/**
 * `trustedProxies`: addresses and ranges of our own proxies. What such a one says in `X-Forwarded-Proto` and
 * `X-Forwarded-Host` is believed, the last value of each: those before it may be the client's. Nobody else is believed.
 */
export function originReader(trustedProxies: readonly string[]): ReadOrigin {
  const isTrusted = trustedProxies.length > 0 ? withinRanges(trustedProxies) : () => false;
  return ({ headersDistinct, headers, socket }) => {
    const isEncrypted = (socket as Partial<TLSSocket>).encrypted === true;
    const direct: RequestOrigin = { scheme: isEncrypted ? 'https' : 'http', host: hostIn(headersDistinct['host']) };
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || !isTrusted(remoteAddress)) return direct;
    const scheme = lastOf(headers['x-forwarded-proto'])?.toLowerCase();
    const host = lastOf(headers['x-forwarded-host']);
    return {
      scheme: scheme === 'https' || scheme === 'http' ? scheme : direct.scheme,
      host: host === undefined ? direct.host : hostIn([host]),
    };
  };
}

/** A Host that carries more than a host ("a@b", "a/b") would make other parts of a URL than it says. */
const hostIn = ([host, another]: readonly string[] = []): string | null =>
  host !== undefined && another === undefined && HOST.test(host) ? host : null;

const lastOf = (value: string | string[] | undefined): string | undefined =>
  value === undefined ? undefined : String(value).split(',').at(-1)!.trim();

/** Lower case, without port; of an IPv6 address with its brackets. */
export const hostName = (host: string): string => host.toLowerCase().replace(/:\d*$/, '');
