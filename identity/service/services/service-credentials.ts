import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { SERVICE_ASSERTION_TYPE } from '@inevitable/contract';
import jwt from 'jsonwebtoken';
import type { SystemDatabase } from '../store/system-database.js';

/** The public half of what a service proves itself with. */
export interface ServiceKey {
  readonly service: string;
  readonly kid: string;
  readonly publicKey: JsonWebKey;
}

/** Answers the service that made an assertion for `audience`, or null when it does not hold. */
export type AssertionVerifier = (assertion: string, audience: string) => string | null;

const CLOCK_TOLERANCE_SECONDS = 30;
const LONGEST_LIFETIME_SECONDS = 120;

/**
 * Stores the keys of these services in place of their older ones, and answers what verifies assertions of every known
 * service (RFC 7523, section 3): its key, its name, and the audience it was made for.
 */
export async function openServiceCredentials(
  { rows }: SystemDatabase,
  given: readonly ServiceKey[],
): Promise<AssertionVerifier> {
  await rows(
    `with replaced as (
       delete from service_credentials where service = any ($1::text[]) and kid <> all ($2::text[]))
     insert into service_credentials (service, kid, public_jwk)
     select * from unnest($1::text[], $2::text[], $3::jsonb[])
     on conflict (kid) do update set service = excluded.service, public_jwk = excluded.public_jwk`,
    [given.map((key) => key.service), given.map((key) => key.kid), given.map((key) => JSON.stringify(key.publicKey))],
  );
  const stored = await rows<{ service: string; kid: string; public_jwk: JsonWebKey }>(
    'select * from service_credentials',
  );
  const keys = new Map<unknown, { service: string; key: KeyObject }>(
    stored.map(({ service, kid, public_jwk }) => [
      kid,
      { service, key: createPublicKey({ key: public_jwk, format: 'jwk' }) },
    ]),
  );

  return (assertion, audience) => {
    try {
      const header = jwt.decode(assertion, { complete: true })?.header;
      const known = keys.get(header?.kid);
      if (!known || header?.typ !== SERVICE_ASSERTION_TYPE) return null;
      const claims = jwt.verify(assertion, known.key, {
        algorithms: ['ES256'],
        audience,
        issuer: known.service,
        subject: known.service,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        maxAge: LONGEST_LIFETIME_SECONDS,
      });
      if (typeof claims !== 'object' || typeof claims.exp !== 'number') return null;
      // `maxAge` has found out that there is an `iat`, and lets one that is dated ahead live until then.
      return claims.iat! <= Date.now() / 1_000 + CLOCK_TOLERANCE_SECONDS ? known.service : null;
    } catch {
      return null; // whatever is wrong with it: it does not prove who sent it
    }
  };
}
