import type { IncomingHttpHeaders } from 'node:http';
import { canonicalAddress, withinRanges, type RequestClient } from '@inevitable/contract';

const LONGEST_AGENT = 200;
/** C0, DEL and C1: nothing that is shown to people holds them. */
const CONTROL = /\p{Cc}/gu;
/** Some proxies add the port of their client. */
const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/;

/** Reads who sent a request. `remoteAddress` is the other end of its connection; undefined: it has gone. */
export type ReadClient = (headers: IncomingHttpHeaders, remoteAddress: string | undefined) => RequestClient;

/**
 * `trustedProxies`: addresses and ranges of our own proxies. What they say in `X-Forwarded-For` is believed, hop by hop from
 * the last one, up to the first that is not ours: all before it may be made up by the client.
 */
export function clientReader(trustedProxies: readonly string[]): ReadClient {
  const isTrusted = trustedProxies.length > 0 ? withinRanges(trustedProxies) : () => false;
  return (headers, remoteAddress) => {
    const peer = remoteAddress === undefined ? null : canonicalAddress(remoteAddress);
    const forwarded = headers['x-forwarded-for'];
    return {
      address:
        peer === null || forwarded === undefined || !isTrusted(peer) ? peer : lastUntrusted(String(forwarded), peer),
      agent: agentIn(headers['user-agent']),
    };
  };

  /** Where a hop names nobody, it is the proxy that said so. */
  function lastUntrusted(forwarded: string, peer: string): string {
    let client = peer;
    for (const hop of forwarded.split(',').reverse()) {
      const address = addressIn(hop.trim());
      if (address === null) return client;
      client = address;
      if (!isTrusted(address)) return client;
    }
    return client;
  }
}

function addressIn(hop: string): string | null {
  const [, six, four] = WITH_PORT.exec(hop) ?? [];
  return canonicalAddress(six ?? four ?? hop);
}

const agentIn = (given: string | undefined): string | null =>
  given?.slice(0, LONGEST_AGENT).replace(CONTROL, '').trim() || null;
