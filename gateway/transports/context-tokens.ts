import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import {
  contextClaims,
  CONTEXT_TOKEN_SECONDS,
  CONTEXT_TOKEN_TYPE,
  type PublicJwk,
  type RequestContext,
} from '@inevitable/contract';
import { LRUCache } from 'lru-cache';

const CACHED_TOKENS = 10_000;
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
  const minted = new LRUCache<string, Minted>({ max: CACHED_TOKENS });

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
      // The claims themselves are the key, without their time: whatever a token says, now or in a later version of
      // the contract, two callers who differ in it can never share one.
      const identity = JSON.stringify(contextClaims(context, subgraph, 0));
      const nowMs = now();
      let entry = minted.get(identity);
      if (!entry || nowMs >= entry.renewAt) {
        entry = mint(context, subgraph, nowMs);
        minted.set(identity, entry);
      }
      return entry.token;
    },
  };
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
