import { createPrivateKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { newId } from '@inevitable/kit';
import type { PublicJwk } from '@inevitable/contract';
import type { Seal } from '../store/seal.js';
import type { SystemDatabase } from '../store/system-database.js';

/** What access tokens are signed with. The `KeyObject` is made once: importing it costs more than signing does. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

/** The stored encryption secret is not the one the keys were sealed with. */
export class WrongEncryptionSecret extends Error {}

const newKeyPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A public P-256 key as we publish it (RFC 7517). */
export function publicJwk(kid: string, key: KeyObject): PublicJwk {
  const { x, y } = key.export({ format: 'jwk' });
  return { kid, kty: 'EC', crv: 'P-256', x: x!, y: y!, alg: 'ES256', use: 'sig' };
}

/**
 * The current signing key, made at the first start: of two processes that start at once, one makes it for both.
 * Throws `WrongEncryptionSecret`.
 */
export async function openSigningKey({ rows }: SystemDatabase, seal: Seal): Promise<SigningKey> {
  const current = () =>
    rows<{ kid: string; sealed_private: Buffer }>(
      `select kid, sealed_private from signing_keys where state = 'current'`,
    );
  if ((await current()).length === 0) {
    const kid = newId();
    const { privateKey, publicKey } = newKeyPair();
    await rows(
      `insert into signing_keys (kid, state, public_jwk, sealed_private) values ($1, 'current', $2, $3)
       on conflict (state) where state <> 'retired' do nothing`,
      [kid, publicJwk(kid, publicKey), seal.close(kid, JSON.stringify(privateKey.export({ format: 'jwk' })))],
    );
  }
  const { kid, sealed_private } = (await current())[0]!;
  return { kid, privateKey: unseal(kid, sealed_private, seal) };
}

function unseal(kid: string, sealed: Buffer, seal: Seal): KeyObject {
  let jwk: JsonWebKey;
  try {
    jwk = JSON.parse(seal.open(kid, sealed));
  } catch (cause) {
    throw new WrongEncryptionSecret(
      `Signing key "${kid}" was encrypted with another secret. Start identity with the secret of its first start.`,
      { cause },
    );
  }
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

/** The keys a token may be signed with: a next one is known before its first use, a retired one past its last token. */
export async function publishedKeys({ rows }: SystemDatabase): Promise<readonly PublicJwk[]> {
  const keys = await rows<{ public_jwk: PublicJwk }>(
    `select public_jwk from signing_keys where state <> 'retired' or retired_at > stack_now() - interval '1 hour' order by created_at`,
  );
  return keys.map((key) => key.public_jwk);
}
