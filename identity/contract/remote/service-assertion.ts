import { createPrivateKey, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';

/** What one service proves itself with: a private key of its own, whose public half identity holds. */
export const serviceCredential = z.object({
  service: z.string().min(1),
  kid: z.string().min(1),
  privateKey: z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string(), d: z.string() }),
});
export type ServiceCredential = z.infer<typeof serviceCredential>;

export const SERVICE_ASSERTION_TYPE = 'svc+jwt';
/** In characters; ours have some 350. What is longer is none. */
export const LONGEST_ASSERTION = 4_096;
const LIFETIME_SECONDS = 60;
const RENEW_BEFORE_SECONDS = 15;

/**
 * Makes the bearer token of one service for one callee: signed with its own key, 60 s, audience = the callee
 * (the shape of a client assertion, RFC 7523 section 3). Reused until 15 s before its end.
 */
export function serviceAssertions(credential: ServiceCredential, audience: string): () => string {
  const key: KeyObject = createPrivateKey({ key: credential.privateKey, format: 'jwk' });
  let current = { token: '', renewAt: 0 };
  return () => {
    const now = Math.floor(Date.now() / 1_000);
    if (now >= current.renewAt) {
      const token = jwt.sign({ iat: now, exp: now + LIFETIME_SECONDS }, key, {
        algorithm: 'ES256',
        keyid: credential.kid,
        issuer: credential.service,
        subject: credential.service,
        audience,
        header: { alg: 'ES256', typ: SERVICE_ASSERTION_TYPE },
      });
      current = { token, renewAt: now + LIFETIME_SECONDS - RENEW_BEFORE_SECONDS };
    }
    return current.token;
  };
}
