import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import {
  contextClaims,
  CONTEXT_TOKEN_SECONDS,
  CONTEXT_TOKEN_TYPE,
  type PublicJwk,
  type RequestContext,
} from '@inevitable/contract';
import { LRUCache } from 'lru-cache';
import { identityKey } from './identity-key.js';

/** Of each subgraph; a token and its key take about 1 KB. More callers at once than this pay a signature per fetch (41 µs). */
const CACHED_TOKENS = 20_000;
/** A token handed out has at least this long to live, so that it outlasts its way to the subgraph and a clock's drift. */
const RENEW_BEFORE_MS = 20_000;

/** Signs the gateway's word about the caller. */
export interface ContextTokens {
  /** What identity publishes, so that subgraphs can verify. */
  readonly publicKey: PublicJwk;
  /** The `x-inevitable-context` value of this caller for this one subgraph. */
  tokenFor(context: RequestContext, subgraph: string): string;
}

interface Minted {
  readonly token: string;
  readonly renewAt: number;
}

/** Makes this process's own ES256 key; the private half never leaves the returned closure. `now` in epoch milliseconds. */
export function createContextTokens(now: () => number = Date.now): ContextTokens {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = publicKey.export({ format: 'jwk' }) as { x: string; y: string };
  // RFC 7638: the thumbprint of the required members in this order.
  const kid = createHash('sha256')
    .update(JSON.stringify({ crv: 'P-256', kty: 'EC', x, y }))
    .digest('base64url');
  const header = encode({ alg: 'ES256', typ: CONTEXT_TOKEN_TYPE, kid });
  // By audience, then by everything else a token says but its time. So two callers who differ in anything it says can
  // never share one; and a key is hashed once for each context, not for each fetch.
  const minted = new Map<string, LRUCache<string, Minted>>();

  function tokensOf(subgraph: string): LRUCache<string, Minted> {
    let tokens = minted.get(subgraph);
    if (!tokens) minted.set(subgraph, (tokens = new LRUCache({ max: CACHED_TOKENS })));
    return tokens;
  }

  function mint(context: RequestContext, subgraph: string, nowMs: number): Minted {
    const signed = `${header}.${encode(contextClaims(context, subgraph, Math.floor(nowMs / 1_000)))}`;
    // JWS wants r‖s (RFC 7518, section 3.4), not OpenSSL's DER.
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const token = `${signed}.${signature.toString('base64url')}`;
    return { token, renewAt: nowMs + CONTEXT_TOKEN_SECONDS * 1_000 - RENEW_BEFORE_MS };
  }

  return {
    publicKey: { kid, kty: 'EC', crv: 'P-256', x, y, alg: 'ES256', use: 'sig' },
    tokenFor(context, subgraph) {
      const tokens = tokensOf(subgraph);
      const identity = identityKey(context);
      const nowMs = now();
      let entry = tokens.get(identity);
      if (!entry || nowMs >= entry.renewAt) {
        entry = mint(context, subgraph, nowMs);
        tokens.set(identity, entry);
      }
      return entry.token;
    },
  };
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
